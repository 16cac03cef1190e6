"""The sandbox's own certificate authority, and the certificate of the edge that it signs.

`python -m shop.certificates FOLDER` makes what is missing there; `--renew DAYS` a new certificate in any case.

    ca.pem     what clients trust          ca.key     the authority's key, for the owner only
    edge.pem   certificate and key of the edge in one file (as HAProxy wants it), replaced in one step
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PUBLIC_NAME = "shop.test"
AUTHORITY, AUTHORITY_KEY, EDGE = "ca.pem", "ca.key", "edge.pem"
#: What public authorities issue at most (90 days are Let's Encrypt's); one with less time left began so much earlier.
LIFETIME = timedelta(days=90)
#: A new edge looks as one that was set up a month ago.
LEFT_AT_FIRST = timedelta(days=60)
_AUTHORITY_LIFETIME = timedelta(days=3650)
#: Clocks of clients may be a little slow.
_BACKDATED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a certificate says; `subject` and `issuer` are common names."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime


def provide(folder: Path, now: datetime) -> None:
    """Make the authority and the edge's certificate where they are missing; leaves the others as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / AUTHORITY).is_file() or not (folder / AUTHORITY_KEY).is_file():
        _make_authority(folder, now)
        (folder / EDGE).unlink(missing_ok=True)
    if not (folder / EDGE).is_file():
        issue(folder, now, LEFT_AT_FIRST)


def issue(folder: Path, now: datetime, valid_for: timedelta) -> None:
    """A new key and certificate for the edge; a negative `valid_for` gives one that has expired."""
    authority = x509.load_pem_x509_certificate((folder / AUTHORITY).read_bytes())
    signer = serialization.load_pem_private_key((folder / AUTHORITY_KEY).read_bytes(), password=None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    ends = now + valid_for
    certificate = (
        _builder(PUBLIC_NAME, authority.subject, key, min(now - _BACKDATED, ends - LIFETIME), ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(PUBLIC_NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    _write(folder / EDGE, certificate.public_bytes(serialization.Encoding.PEM) + _key_bytes(key), private=True)


def read(path: Path) -> Facts:
    """Of the first certificate in the file. Raises OSError, and ValueError when there is none."""
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return Facts(
        subject=_common_name(certificate.subject),
        issuer=_common_name(certificate.issuer),
        names=tuple(names.get_values_for_type(x509.DNSName)),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _make_authority(folder: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sandbox CA")])
    certificate = (
        _builder("Sandbox CA", name, key, now - LIFETIME, now + _AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(folder / AUTHORITY_KEY, _key_bytes(key), private=True)
    _write(folder / AUTHORITY, certificate.public_bytes(serialization.Encoding.PEM), private=False)


def _builder(
    subject: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _common_name(name: x509.Name) -> str:
    return str(name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _write(path: Path, content: bytes, *, private: bool) -> None:
    """Replace the file in one step; a private one can be read by its owner only, from the beginning."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        if not private:
            Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def main() -> None:
    parser = argparse.ArgumentParser(description="Certificates of the shop's edge.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--renew", type=float, metavar="DAYS", help="a new certificate; a negative number: expired")
    arguments = parser.parse_args()
    now = datetime.now(UTC)
    provide(arguments.folder, now)
    if arguments.renew is not None:
        issue(arguments.folder, now, timedelta(days=arguments.renew))
    facts = read(arguments.folder / EDGE)
    print(f"{facts.subject}, issued by {facts.issuer}, valid until {facts.not_after:%Y-%m-%d %H:%M} UTC")


if __name__ == "__main__":
    main()
