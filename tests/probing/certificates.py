"""Certificates for tests, made on the spot: an authority of one's own, and servers' certificates of any validity."""

from __future__ import annotations

import datetime
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """Issues certificates; `file` holds its own, to be trusted."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    file: str

    @classmethod
    def make(
        cls, folder: Path, name: str = "Test CA", *, under: Authority | None = None, valid: int = 100
    ) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        made = _issue(name, key, under, valid, x509.BasicConstraints(ca=True, path_length=None))
        file = folder / f"{name.replace(' ', '-')}.pem"
        file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return cls(key, made, str(file))

    def server(self, folder: Path, *names: str, valid: int = 30, chain: bool = False) -> ssl.SSLContext:
        """What a server of these names uses; `valid`: days from now, negative for so many days ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        made = _issue(names[0], key, self, valid, alternatives)
        both = folder / f"{names[0].replace('*', 'any')}-{valid}.pem"
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ) + made.public_bytes(serialization.Encoding.PEM)
        both.write_bytes(pem + (self.certificate.public_bytes(serialization.Encoding.PEM) if chain else b""))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        return context


def _issue(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: Authority | None,
    valid: int,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 200 * DAY)
        .not_valid_after(now + valid * DAY + datetime.timedelta(minutes=1) * (1 if valid > 0 else -1))
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    )
    return builder.sign(issuer.key if issuer else key, hashes.SHA256())
