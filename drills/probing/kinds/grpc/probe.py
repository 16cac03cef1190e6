"""The gRPC health checking protocol, over a fresh connection.

https://github.com/grpc/grpc/blob/master/doc/health-checking.md: a server that does not know the service answers
NOT_FOUND; one that has no health service at all answers UNIMPLEMENTED.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, cast

from drills.probing.bind import BoundProbe
from drills.probing.kinds.grpc.call import NotGrpc, Reply, call
from drills.probing.kinds.grpc.settings import GrpcSettings
from drills.probing.net.connecting import NOT_REACHED, open_first, unreached
from drills.probing.net.host_names import ascii_name
from drills.probing.net.server_url import host_and_port
from drills.probing.net.trusted import client_context
from drills.probing.seen import Check, ProbeContext, Seen

_PATH = "/grpc.health.v1.Health/Check"
#: HealthCheckResponse.ServingStatus
_SERVING = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
_ALPN = "h2"


def prepare(probe: BoundProbe, context: ProbeContext) -> Check:
    """A check that asks once. Raises ValueError for an unusable CA file, address or name."""
    settings = cast(GrpcSettings, probe.settings)
    host, port = host_and_port(settings.address)
    name = ascii_name(settings.server_name or host).strip("[]")
    ssl_context = _context(settings)
    headers = _headers(settings, name, port, probe.timeout)
    message = _request(settings.service)

    async def check() -> Seen:
        began = context.monotonic()
        phases: dict[str, float] = {}

        def reached(phase: str) -> None:
            phases[phase] = context.monotonic() - began

        try:
            async with asyncio.timeout(probe.timeout):
                found = await context.resolver.resolve(host, probe.timeout)
                if found.seconds is not None:
                    reached("dns")
                reader, writer = await open_first(found.addresses, port)
                try:
                    reached("connect")
                    if ssl_context is not None:
                        await writer.start_tls(ssl_context, server_hostname=name)
                        reached("tls")
                        if writer.get_extra_info("ssl_object").selected_alpn_protocol() != _ALPN:
                            return Seen(failure="the server offers no HTTP/2 over TLS (ALPN h2)", phases=phases)
                    reply = await call(reader, writer, headers, message, lambda: reached("first-byte"))
                    serving = _serving(reply.body) if reply.code == "OK" else None
                finally:
                    writer.transport.abort()
        except ssl.SSLCertVerificationError as error:
            return Seen(failure=f"certificate not valid: {error.verify_message}", phases=phases)
        except ssl.SSLError:
            return Seen(failure="TLS handshake failed", phases=phases)
        except NOT_REACHED as why:
            return unreached(why, probe.timeout, phases)
        except NotGrpc as why:
            return Seen(failure=str(why), phases=phases)
        reached("total")
        return _seen(settings, reply, serving, phases, judged=not probe.asserts)

    return check


def _context(settings: GrpcSettings) -> ssl.SSLContext | None:
    if not settings.speaks_tls:
        return None
    ssl_context = client_context(settings.ca, verify=settings.verify)
    ssl_context.set_alpn_protocols([_ALPN])
    return ssl_context


def _headers(settings: GrpcSettings, name: str, port: int, timeout: float) -> dict[str, str]:
    return {
        ":method": "POST",
        ":scheme": "https" if settings.speaks_tls else "http",
        ":path": _PATH,
        ":authority": f"[{name}]:{port}" if ":" in name else f"{name}:{port}",
        "te": "trailers",
        "grpc-timeout": f"{min(99_999_999, max(1, int(timeout * 1000)))}m",
        "content-type": "application/grpc",
        "user-agent": "drills-probe",
        **settings.metadata,
    }


def _seen(settings: GrpcSettings, reply: Reply, serving: str | None, phases: dict[str, float], *, judged: bool) -> Seen:
    values: dict[str, Any] = {
        "code": reply.code,
        "message": reply.message,
        "time": {phase.replace("-", "_"): seconds for phase, seconds in phases.items()},
    }
    if serving is None:
        wrong = _wrong(settings, reply)
        return Seen(values, phases, failure=wrong) if judged else Seen(values, phases, absent={"serving": wrong})
    values["serving"] = serving
    return Seen(values, phases, failure=serving if judged and serving != "SERVING" else "")


def _wrong(settings: GrpcSettings, reply: Reply) -> str:
    said = " ".join(reply.message.split())[:160]
    if reply.code == "NOT_FOUND":
        return f"the server does not know the service {settings.service!r} (NOT_FOUND)"
    if reply.code == "UNIMPLEMENTED":
        return "the server has no health service, grpc.health.v1.Health (UNIMPLEMENTED)"
    return f"{reply.code}: {said}" if said else reply.code


def _request(service: str) -> bytes:
    """HealthCheckRequest: field 1, a text."""
    name = service.encode()
    return b"\x0a" + _varint(len(name)) + name if name else b""


def _serving(message: bytes) -> str:
    """HealthCheckResponse: field 1, a number; what else a later version may have is passed over.

    Raises NotGrpc for what is no such message.
    """
    status, at = 0, 0
    while at < len(message):
        key, at = _read_varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _read_varint(message, at)
            if key >> 3 == 1:
                status = value
        elif kind == 2:
            length, at = _read_varint(message, at)
            at += length
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise NotGrpc("the answer is not a HealthCheckResponse")
    if at != len(message):
        raise NotGrpc("the answer is not a HealthCheckResponse")
    return _SERVING[status] if status < len(_SERVING) else f"status {status}"


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*written, number))


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(message) and shift < 70:
        byte = message[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at
    raise NotGrpc("the answer is not a HealthCheckResponse")
