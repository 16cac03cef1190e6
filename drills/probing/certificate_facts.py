"""What a certificate says of itself: names, issuer, validity."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

from drills.probing.ages import roughly


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """`names` are those it is valid for (DNS names and addresses); a common name counts for nothing, as in browsers."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime

    def expires_in(self, now: datetime) -> timedelta:
        """Negative for one that has expired."""
        return self.not_after - now

    def out_of_date(self, now: datetime) -> str:
        """Why it is not valid at that time; empty when it is."""
        if now > self.not_after:
            return f"expired {roughly((now - self.not_after).total_seconds())} ago"
        if now < self.not_before:
            return f"is not valid before {self.not_before:%Y-%m-%d %H:%M} UTC"
        return ""

    def is_for(self, name: str) -> bool:
        """Whether it is valid for a host name or an address (RFC 6125: a wildcard stands for one whole label)."""
        wanted = name.strip("[]").lower().removesuffix(".")
        _, _, parent = wanted.partition(".")
        return any(own.lower() in (wanted, f"*.{parent}") for own in self.names)


def facts_of(der: bytes) -> CertificateFacts:
    """Read a certificate. Raises ValueError for what is none."""
    read = x509.load_der_x509_certificate(der)
    return CertificateFacts(
        subject=_shown(read.subject),
        issuer=_shown(read.issuer),
        names=_names(read),
        not_before=read.not_valid_before_utc,
        not_after=read.not_valid_after_utc,
    )


def _names(read: x509.Certificate) -> tuple[str, ...]:
    try:
        alternatives = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = alternatives.get_values_for_type(x509.IPAddress)
    return (
        *alternatives.get_values_for_type(x509.DNSName),
        *(str(address) for address in addresses if isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address)),
    )


def _shown(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()
