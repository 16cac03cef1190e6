"""Certificates by recipe, made when a test runs: `name: {under, key, days, ca, dns, ip, …}`, each by the ones it names.

    root:  {ca: true, days: [-60, 3000]}
    leaf:  {under: root, dns: [localhost], days: [-2, 80]}

`under` is the issuer, absent for one that signs itself; `key` another one's whose key (and name) it has, as a renewed
certificate; `days` from when until when it is valid, in days from now.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = datetime.timedelta(days=1)
_USAGES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Made:
    """A certificate and its key, as PEM."""

    certificate: bytes
    key: bytes


def make(recipes: Mapping[str, Mapping[str, Any]]) -> dict[str, Made]:
    """Each certificate by its name."""
    now = datetime.datetime.now(datetime.UTC)
    keys: dict[str, Key] = {name: _key(recipe) for name, recipe in recipes.items() if "key" not in recipe}

    def key(name: str) -> Key:
        return keys[recipes[name].get("key", name)]

    def subject(name: str) -> x509.Name:
        shown = recipes[name].get("name", recipes[name].get("key", name))
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(shown))])

    made = {}
    for name, recipe in recipes.items():
        issuer = recipe.get("under", name)
        since, until = recipe.get("days", (-10, 80))
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject(name))
            .issuer_name(subject(issuer))
            .public_key(key(name).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + since * _DAY)
            .not_valid_after(now + until * _DAY + datetime.timedelta(minutes=1 if until > 0 else -1))
            .add_extension(x509.BasicConstraints(recipe.get("ca", False), None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key(name).public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key(issuer).public_key()), critical=False)
        )
        for extension, critical in _extensions(recipe):
            builder = builder.add_extension(extension, critical=critical)
        signed = builder.sign(key(issuer), hashes.SHA1() if recipe.get("hash") == "sha1" else hashes.SHA256())
        made[name] = Made(
            signed.public_bytes(serialization.Encoding.PEM),
            key(name).private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
    return made


def _key(recipe: Mapping[str, Any]) -> Key:
    if bits := recipe.get("rsa"):
        return rsa.generate_private_key(65537, bits)
    return ec.generate_private_key(ec.SECP256R1())


def _extensions(recipe: Mapping[str, Any]) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = []
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in recipe.get("dns", ())]
    alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in recipe.get("ip", ())]
    if alternatives:
        found.append((x509.SubjectAlternativeName(alternatives), False))
    if usages := recipe.get("usage"):
        found.append((x509.ExtendedKeyUsage([_USAGES[usage] for usage in usages]), False))
    if permitted := recipe.get("permits"):
        found.append((x509.NameConstraints([x509.DNSName(name) for name in permitted], None), True))
    return found
