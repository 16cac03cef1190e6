"""What a certificate says of itself: names, issuer, validity."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

from drills.model.durations import humane
from drills.probing.net.host_names import ascii_name


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """`names` are the DNS names that it is valid for, `addresses` the addresses.

    A common name counts for neither, as in browsers (RFC 9525, 6.4.4).
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    not_before: datetime
    not_after: datetime

    def expires_in(self, now: datetime) -> timedelta:
        """Negative for one that has expired."""
        return self.not_after - now

    def out_of_date(self, now: datetime) -> str:
        """Why it is not valid at that time; empty when it is."""
        if now > self.not_after:
            return f"expired {humane((now - self.not_after).total_seconds())} ago"
        if now < self.not_before:
            return f"is not valid before {self.not_before:%Y-%m-%d %H:%M} UTC"
        return ""

    def is_for(self, host: str) -> bool:
        """Whether it is valid for a host name or an address.

        Addresses are compared by value, with addresses only; names by their A-labels (RFC 9525, 6.3). A wildcard is
        the whole first label, and stands for one (6.3). As with OpenSSL and curl two labels at least must follow it.
        """
        address = as_address(host)
        if address is not None:
            return any(as_address(own) == address for own in self.addresses)
        wanted = ascii_name(host)
        first, _, parent = wanted.partition(".")
        wild = f"*.{parent}" if first and "." in parent else ""
        return any(own.lower().removesuffix(".") in (wanted, wild) for own in self.names if own)


def as_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address by its value, without the brackets and the zone that only its writing has; None for a name."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def facts_of(der: bytes) -> CertificateFacts:
    """Read a certificate. Raises ValueError for what is none."""
    read = x509.load_der_x509_certificate(der)
    names, addresses = _names(read)
    return CertificateFacts(
        subject=_shown(read.subject),
        issuer=_shown(read.issuer),
        names=names,
        addresses=addresses,
        not_before=read.not_valid_before_utc,
        not_after=read.not_valid_after_utc,
    )


def _names(read: x509.Certificate) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        alternatives = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return (), ()
    addresses = alternatives.get_values_for_type(x509.IPAddress)
    return tuple(alternatives.get_values_for_type(x509.DNSName)), tuple(map(str, addresses))


def _shown(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()
