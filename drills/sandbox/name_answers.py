"""A short question to the sandbox's name server, with a deadline."""

from __future__ import annotations


def look_up(address: str, name: str, timeout: float = 2.0) -> tuple[bool, str]:
    """Whether that server (host:port) knows an IPv4 address of the name, and what it said."""
    import dns.exception  # large; only health asks
    import dns.message
    import dns.query
    import dns.rcode
    import dns.rdatatype

    host, _, port = address.rpartition(":")
    try:
        reply = dns.query.udp(dns.message.make_query(name, "A"), host, timeout=timeout, port=int(port))
    except dns.exception.Timeout:
        return False, f"no answer within {timeout:g} s"
    except (OSError, dns.exception.DNSException) as error:
        return False, getattr(error, "strerror", None) or str(error) or type(error).__name__
    found = [str(each) for rrset in reply.answer if rrset.rdtype == dns.rdatatype.A for each in rrset]
    return bool(found), f"{name} is {', '.join(found)}" if found else f"{name}: {dns.rcode.to_text(reply.rcode())}"
