"""One TLS handshake, and what the certificate is worth.

The handshake is made so that a bad certificate is read too, and told what is wrong with it: OpenSSL judges the chain
without regard to time; dates and names are judged here. A chain that OpenSSL refuses is read by a second handshake.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from drills.probing.bind import BoundProbe
from drills.probing.certificate_facts import CertificateFacts, facts_of
from drills.probing.connecting import NOT_REACHED, open_first, unreached
from drills.probing.kinds.tcp import host_and_port
from drills.probing.seen import Look, Means, Seen
from drills.probing.settings import TlsSettings
from drills.probing.trusted import trust

#: X509_V_FLAG_NO_CHECK_TIME of OpenSSL; Python has no name for it.
_NO_CHECK_TIME = 0x200000


def prepare(probe: BoundProbe, means: Means) -> Look:
    """A look that shakes hands once, reads the certificate and judges it. Raises ValueError for an unusable CA file."""
    settings = cast(TlsSettings, probe.settings)
    host, port = host_and_port(settings.address)
    name = settings.server_name or host
    trusting, reading = _trusting(settings), _reading()

    async def look() -> Seen:
        began = means.monotonic()
        phases: dict[str, float] = {}

        async def shake(context: ssl.SSLContext) -> _Handshake:
            found = await means.resolver.resolve(host, probe.timeout)
            if found.seconds is not None:
                phases["dns"] = means.monotonic() - began
            _, writer = await open_first(found.addresses, port)
            try:
                phases["connect"] = means.monotonic() - began
                await writer.start_tls(context, server_hostname=name)
                phases["tls"] = means.monotonic() - began
                return _Handshake.of(writer.get_extra_info("ssl_object"))
            finally:
                writer.transport.abort()

        distrust = ""
        try:
            async with asyncio.timeout(probe.timeout):
                try:
                    made = await shake(trusting)
                except ssl.SSLCertVerificationError as error:
                    distrust = error.verify_message
                    made = await shake(reading)
        except ssl.SSLError as error:
            return Seen(failure=f"TLS handshake failed: {_ssl_reason(error)}", phases=phases)
        except NOT_REACHED as why:
            seen = unreached(why, probe.timeout, phases, awaited="TLS handshake")
            if "connect" in phases and isinstance(why, OSError) and not isinstance(why, TimeoutError):
                seen.failure = f"TLS handshake failed: {seen.failure}"
            return seen
        phases["total"] = means.monotonic() - began
        return _judged(settings, name, made, distrust, means.now(), phases)

    return look


@dataclass(frozen=True, slots=True)
class _Handshake:
    leaf: CertificateFacts
    above: tuple[CertificateFacts, ...]
    protocol: str
    cipher: str

    @classmethod
    def of(cls, made: ssl.SSLObject) -> _Handshake:
        der = made.getpeercert(binary_form=True)
        if der is None:
            raise ssl.SSLError(1, "the server showed no certificate")
        cipher = made.cipher()
        above = tuple(facts_of(each) for each in _verified_chain(made)[1:])
        return cls(facts_of(der), above, made.version() or "", cipher[0] if cipher else "")


def _judged(
    settings: TlsSettings, name: str, made: _Handshake, distrust: str, now: datetime, phases: dict[str, float]
) -> Seen:
    leaf = made.leaf
    for one in made.above:
        if stale := one.out_of_date(now):
            distrust = distrust or f"{one.subject}, which it relies on, {stale}"
    wrong = []
    if stale := leaf.out_of_date(now):
        wrong.append(f"certificate {stale}")
    if not (name_ok := leaf.is_for(name)):
        wrong.append(f"certificate is for {', '.join(leaf.names) or 'no name'}, not for {name}")
    if distrust:
        wrong.append(f"certificate not trusted: {distrust}")
    if made.protocol < settings.minimum_version:  # TLSv1 < TLSv1.1 < TLSv1.2 < TLSv1.3, as text too
        wrong.append(f"protocol {made.protocol}, older than {settings.minimum_version}")
    values: dict[str, Any] = {
        "certificate": {
            "expires_in": leaf.expires_in(now),
            "names": list(leaf.names),
            "issuer": leaf.issuer,
            "subject": leaf.subject,
        },
        "chain_ok": not distrust,
        "name_ok": name_ok,
        "protocol": made.protocol,
        "cipher": made.cipher,
        "time": dict(phases),
    }
    return Seen(values, phases, failure="; ".join(wrong) if settings.verify else "")


def _trusting(settings: TlsSettings) -> ssl.SSLContext:
    context = _context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= _NO_CHECK_TIME
    trust(context, settings.ca)
    return context


def _reading() -> ssl.SSLContext:
    context = _context()
    context.verify_mode = ssl.CERT_NONE
    return context


def _context() -> ssl.SSLContext:
    """Shakes hands also in old ways, so that they can be told of."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def _verified_chain(made: Any) -> Sequence[bytes]:
    """The chain from the leaf to the root, DER; public from Python 3.13 on, and the same underneath before."""
    if hasattr(made, "get_verified_chain"):
        return cast(Sequence[bytes], made.get_verified_chain())
    with contextlib.suppress(AttributeError):
        return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in made._sslobj.get_verified_chain() or ()]
    return ()


def _ssl_reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error.args[-1] if error.args else error)).replace("_", " ").lower()
