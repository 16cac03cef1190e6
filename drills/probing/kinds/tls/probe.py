"""One TLS handshake, and what the certificate is worth.

OpenSSL judges the chain, as it does for the other kinds of probes: valid when there is a valid path. What it refuses is
read by further handshakes, so that everything that is wrong is reported:

    as users ──refused──► without regard to time, in old ways too ──refused──► reading only
       │                            │                                                    │
       └────────────────────────────┴──► names and dates are judged here ◄───────────────┘
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from drills.probing.bind import BoundProbe
from drills.probing.kinds.tls.certificate_facts import CertificateFacts, as_address, facts_of
from drills.probing.kinds.tls.settings import TlsSettings
from drills.probing.net.connecting import NOT_REACHED, open_first, os_reason, unreached
from drills.probing.net.host_names import ascii_name
from drills.probing.net.server_url import host_and_port
from drills.probing.net.trusted import state_of, trust
from drills.probing.seen import Check, ProbeContext, Seen

#: X509_V_FLAG_NO_CHECK_TIME of OpenSSL; Python has no name for it.
_NO_CHECK_TIME = 0x200000
#: X509_V_ERR_CERT_NOT_YET_VALID and _HAS_EXPIRED: OpenSSL's path is one whose dates are wrong.
_DATES_WRONG = (9, 10)
_OLD_WAYS = "DEFAULT:@SECLEVEL=0"


def prepare(probe: BoundProbe, context: ProbeContext) -> Check:
    """A check that shakes hands, reads the certificate and judges it.

    Raises ValueError for an unusable CA file and for what is not a name.
    """
    settings = cast(TlsSettings, probe.settings)
    host, port = host_and_port(settings.address)
    name = ascii_name(settings.server_name or host).strip("[]")
    contexts = _contexts(settings.ca, settings.minimum_version < "TLSv1.2", state_of(settings.ca))

    async def check() -> Seen:
        began = context.monotonic()
        phases: dict[str, float] = {}

        async def shake(ssl_context: ssl.SSLContext) -> _Handshake:
            found = await context.resolver.resolve(host, probe.timeout)
            if found.seconds is not None:
                phases["dns"] = context.monotonic() - began
            _, writer = await open_first(found.addresses, port)
            try:
                phases["connect"] = context.monotonic() - began
                await writer.start_tls(ssl_context, server_hostname=name)
                phases["tls"] = context.monotonic() - began
                return _Handshake.of(writer.get_extra_info("ssl_object"))
            finally:
                writer.transport.abort()

        try:
            async with asyncio.timeout(probe.timeout):
                made, refusal = await _read(shake, contexts)
        except ssl.SSLError as error:
            return Seen(failure=f"TLS handshake failed: {_ssl_reason(error)}", phases=phases)
        except ValueError as error:
            return Seen(failure=f"the certificate cannot be read: {str(error).splitlines()[0]}", phases=phases)
        except NOT_REACHED as why:
            seen = unreached(why, probe.timeout, phases, awaited="TLS handshake")
            if "connect" in phases and isinstance(why, OSError) and not isinstance(why, TimeoutError):
                seen.failure = f"TLS handshake failed: {seen.failure}"
            return seen
        phases["total"] = context.monotonic() - began
        return _judged(settings, name, made, refusal, context.now(), phases)

    return check


@dataclass(frozen=True, slots=True)
class _Handshake:
    """`above` are the certificates of the path that OpenSSL found, from the leaf's issuer on, if it found one."""

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


async def _read(
    shake: Callable[[ssl.SSLContext], Awaitable[_Handshake]], contexts: tuple[ssl.SSLContext, ...]
) -> tuple[_Handshake, ssl.SSLError | ConnectionResetError | None]:
    """A handshake, and what OpenSSL has against it. Raises the error of one that no context can make."""
    as_users, whenever, reading = contexts
    try:
        return await shake(as_users), None
    except (ssl.SSLError, ConnectionResetError) as error:  # some servers break off where others say why
        refusal = error
    try:
        return await shake(whenever), refusal
    except ssl.SSLCertVerificationError as error:
        return await shake(reading), error


def _judged(
    settings: TlsSettings,
    name: str,
    made: _Handshake,
    refusal: ssl.SSLError | ConnectionResetError | None,
    now: datetime,
    phases: dict[str, float],
) -> Seen:
    leaf = made.leaf
    distrust = _distrust(made, refusal, now)
    wrong = []
    if stale := leaf.out_of_date(now):
        wrong.append(f"certificate {stale}")
    if not (name_ok := leaf.is_for(name)):
        named = [f"{own} (as a name)" if as_address(own) else own for own in leaf.names]
        asked = f"the address {name}" if as_address(name) else name
        wrong.append(f"certificate is for {', '.join((*named, *leaf.addresses)) or 'no name'}, not for {asked}")
    if distrust:
        wrong.append(f"certificate not trusted: {distrust}")
    if made.protocol < settings.minimum_version:  # TLSv1 < TLSv1.1 < TLSv1.2 < TLSv1.3, as text too
        wrong.append(f"protocol {made.protocol}, older than {settings.minimum_version}")
    elif refusal is not None and not isinstance(refusal, ssl.SSLCertVerificationError):
        wrong.append(f"only old clients can connect: {_ssl_reason(refusal)}")
    values: dict[str, Any] = {
        "certificate": {
            "expires_in": leaf.expires_in(now),
            "chain_expires_in": min(each.expires_in(now) for each in (leaf, *made.above)),
            "names": [*leaf.names, *leaf.addresses],
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


def _distrust(made: _Handshake, refusal: ssl.SSLError | ConnectionResetError | None, now: datetime) -> str:
    """Why there is no valid path; empty where there is one, or nothing but the leaf's own dates is wrong."""
    if not isinstance(refusal, ssl.SSLCertVerificationError):
        return ""
    if refusal.verify_code in _DATES_WRONG:
        if made.leaf.out_of_date(now):
            return ""
        for one in made.above:
            if stale := one.out_of_date(now):
                return f"{one.subject}, which it relies on, {stale}"
    return refusal.verify_message


@lru_cache(maxsize=64)
def _contexts(ca: str | None, old_too: bool, _state: tuple[int, ...]) -> tuple[ssl.SSLContext, ...]:
    """One for each handshake; all probes that trust the same certificates share them."""
    return _as_users(ca, old_too), _whenever(ca), _reading()


def _as_users(ca: str | None, old_too: bool) -> ssl.SSLContext:
    """As the other kinds of probes, and by OpenSSL's default level of security, which the oldest protocols lack."""
    ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ssl_context.check_hostname = False
    ssl_context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    if old_too:
        ssl_context.set_ciphers(_OLD_WAYS)
    trust(ssl_context, ca)
    return ssl_context


def _whenever(ca: str | None) -> ssl.SSLContext:
    ssl_context = _in_old_ways()
    trust(ssl_context, ca)
    ssl_context.verify_flags |= _NO_CHECK_TIME
    return ssl_context


def _reading() -> ssl.SSLContext:
    ssl_context = _in_old_ways()
    ssl_context.verify_mode = ssl.CERT_NONE
    return ssl_context


def _in_old_ways() -> ssl.SSLContext:
    """Also completes handshakes with old protocols and ciphers, so that these can be reported."""
    ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ssl_context.check_hostname = False
    ssl_context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    ssl_context.set_ciphers(_OLD_WAYS)
    return ssl_context


def _verified_chain(made: Any) -> Sequence[bytes]:
    """The chain from the leaf to the root, DER; public from Python 3.13 on, and the same underneath before."""
    if hasattr(made, "get_verified_chain"):
        return cast(Sequence[bytes], made.get_verified_chain())
    with contextlib.suppress(AttributeError):
        return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in made._sslobj.get_verified_chain() or ()]
    return ()


def _ssl_reason(error: ssl.SSLError | ConnectionResetError) -> str:
    if not isinstance(error, ssl.SSLError):
        return os_reason(error)
    return (error.reason or str(error.args[-1] if error.args else error)).replace("_", " ").lower()
