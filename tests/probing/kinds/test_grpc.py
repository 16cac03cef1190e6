"""grpc probes against gRPC's own server, beside gRPC's own client, and against what is no gRPC."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived, StreamEnded

from drills.errors import BadInput
from drills.model.probe import Outcome
from drills.probing.kinds.grpc.call import CODES
from tests.probing.checking import Checked, both_ways, probe, run_probe
from tests.probing.grpc_servers import Answering, by_client, grpc_server
from tests.probing.servers import Serve, certificate, serving, tls_with

NO_SERVICE = "the server has no health service, grpc.health.v1.Health (UNIMPLEMENTED)"
STATUSES = {"": "SERVING", "shop.Orders": "NOT_SERVING", "shop.Stock": "UNKNOWN"}


def checked(port: int, *, settings: dict[str, Any] | None = None, **more: Any) -> Checked:
    return asyncio.run(run_probe("grpc", {"address": f"127.0.0.1:{port}", **(settings or {})}, **more))


@pytest.mark.parametrize(
    ("service", "outcome", "reason"),
    [
        ("", Outcome.PASS, ""),
        ("shop.Orders", Outcome.FAIL, "NOT_SERVING"),
        ("shop.Stock", Outcome.FAIL, "UNKNOWN"),
        ("shop.Gone", Outcome.FAIL, "the server does not know the service 'shop.Gone' (NOT_FOUND)"),
    ],
)
def test_the_status_of_a_service_is_judged_as_grpcs_own_client_gets_it(
    service: str, outcome: Outcome, reason: str
) -> None:
    with grpc_server(STATUSES) as port:
        found = checked(port, settings={"service": service})
        both = checked(port, settings={"service": service}, asserts=["code != ''"])
        code, status = by_client(port, service)
    assert (found.outcome, found.reason) == (outcome, reason)
    assert (both.seen.values["code"], both.seen.values.get("serving", "")) == (code, status)


def test_a_server_without_the_health_service_is_told_from_one_that_is_down() -> None:
    with grpc_server() as port:
        found = checked(port)
        assert by_client(port, "") == ("UNIMPLEMENTED", "")
    assert found.outcome is Outcome.FAIL
    assert found.reason == NO_SERVICE


def test_what_it_says_can_be_asserted_instead() -> None:
    with grpc_server(STATUSES) as port:
        resting = checked(
            port, settings={"service": "shop.Orders"}, asserts=["serving == 'NOT_SERVING'", "code == 'OK'"]
        )
        slow = checked(port, asserts=["time.total < 0.0"])
    with grpc_server() as port:
        absent = checked(port, asserts=["serving == 'SERVING'"])
    assert (resting.outcome, resting.reason) == (Outcome.PASS, "")
    assert slow.outcome is Outcome.FAIL
    assert "no health service" in absent.reason


def test_the_phases_are_timed_one_after_the_other(tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    with grpc_server(STATUSES, pem=pem) as port:
        settings = {"address": f"localhost:{port}", "ca": str(pem)}
        found = asyncio.run(run_probe("grpc", settings, lookup=both_ways))
    assert (found.outcome, found.reason) == (Outcome.PASS, "")
    assert list(found.seen.phases) == ["dns", "connect", "tls", "first-byte", "total"]
    assert sorted(found.seen.phases.values()) == list(found.seen.phases.values())


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_every_status_is_called_by_its_name_with_the_servers_words(code: grpc.StatusCode) -> None:
    with grpc_server({}, interceptors=[Answering(code, "größer\nals 100 %")]) as port:
        found = checked(port, asserts=["code == 'OK'"])
        judged = checked(port)
    assert found.seen.values["code"] == code.name == CODES[code.value[0]]
    assert found.seen.values["message"] == "größer\nals 100 %"
    assert judged.outcome is Outcome.FAIL
    assert code.name in judged.reason
    assert "\n" not in judged.reason


def test_metadata_is_sent_along_with_the_time_that_is_left() -> None:
    said = Answering(grpc.StatusCode.UNAUTHENTICATED, "who are you?")
    with grpc_server({}, interceptors=[said]) as port:
        found = checked(port, settings={"metadata": {"authorization": "Bearer abc", "x-trace": "7"}})
    assert found.reason == "UNAUTHENTICATED: who are you?"
    assert said.metadata["authorization"] == "Bearer abc"
    assert said.metadata["x-trace"] == "7"


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({"Authorization": "x"}, "'Authorization' is not a name of metadata; write small letters"),
        ({"grpc-timeout": "1S"}, "grpc-timeout is set by the call itself; leave it out"),
        ({"te": "x"}, "te is set by the call itself"),
        ({"x-name": "größer"}, "one line of plain ASCII"),
        ({"x-name": "a\nb"}, "one line of plain ASCII"),
    ],
)
def test_metadata_that_cannot_be_sent_is_refused_beforehand(metadata: dict[str, str], why: str) -> None:
    with pytest.raises(BadInput) as error:
        probe("grpc", {"address": "127.0.0.1:1", "metadata": metadata})
    assert why in str(error.value)
    assert "\n" not in str(error.value)


def test_a_certificate_is_compared_with_the_name(tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    with grpc_server(STATUSES, pem=pem) as port:
        by_name = checked(port, settings={"ca": str(pem), "server-name": "localhost"})
        other = checked(port, settings={"ca": str(pem), "server-name": "shop.example"})
        untrusted = checked(port, settings={"tls": True, "server-name": "localhost"})
        unverified = checked(port, settings={"verify": False})
    assert (by_name.outcome, by_name.reason) == (Outcome.PASS, "")
    assert other.reason == "certificate not valid: Hostname mismatch, certificate is not valid for 'shop.example'."
    assert untrusted.reason == "certificate not valid: self-signed certificate"
    assert (unverified.outcome, unverified.reason) == (Outcome.PASS, "")


def test_a_server_that_hangs_up_within_a_call_fails_in_one_line() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = H2Connection(H2Configuration(client_side=False))
        connection.initiate_connection()
        writer.write(connection.data_to_send())
        writer.write_eof()
        await reader.read()

    assert _reason(serve) == "connection closed in the middle of the answer"


def _answers_with(headers: list[tuple[str, str]], data: bytes = b"", trailers: Any = None) -> Serve:
    """HTTP/2 that answers a call in its own way."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = H2Connection(H2Configuration(client_side=False))
        connection.initiate_connection()
        writer.write(connection.data_to_send())
        stream, unsent = 0, b""
        while chunk := await reader.read(65536):
            for event in connection.receive_data(chunk):
                if isinstance(event, RequestReceived):
                    stream = event.stream_id
                if isinstance(event, StreamEnded):
                    connection.send_headers(stream, headers, end_stream=not data and trailers is None)
                    unsent = data
            while unsent and (most := min(connection.local_flow_control_window(stream), 16_384)):
                connection.send_data(stream, unsent[:most], end_stream=trailers is None and len(unsent) <= most)
                unsent = unsent[most:]
            if stream and not unsent and trailers is not None:
                connection.send_headers(stream, trailers, end_stream=True)
                stream = 0
            writer.write(connection.data_to_send())

    return serve


_OK = [(":status", "200"), ("content-type", "application/grpc")]
_DONE = [("grpc-status", "0")]


@pytest.mark.parametrize(
    ("serve", "reason"),
    [
        (_answers_with([(":status", "200"), ("content-type", "text/html")]), "it answers HTTP/2, and not gRPC"),
        (
            _answers_with([(":status", "404")]),
            "the server has no health service, grpc.health.v1.Health (UNIMPLEMENTED)",
        ),
        (_answers_with([(":status", "503")]), "UNAVAILABLE: HTTP status 503"),
        (_answers_with([(":status", "302")]), "UNKNOWN: HTTP status 302"),
        (_answers_with(_OK, b"", [("x", "y")]), "the answer has no grpc-status"),
        (_answers_with(_OK, b"", [("grpc-status", "99")]), "UNKNOWN"),
        (_answers_with(_OK, b"\x00\x00\x00\x00\x09\x08\x01", _DONE), "the answer is not one message"),
        (
            _answers_with(_OK, b"\x01\x00\x00\x00\x02\x08\x01", _DONE),
            "the answer is compressed, which was not asked for",
        ),
        (_answers_with(_OK, b"\x00\x00\x00\x00\x02\x0a\x09", _DONE), "the answer is not a HealthCheckResponse"),
        (_answers_with(_OK, b"\x00\x00\x00\x00\x00", _DONE), "UNKNOWN"),
        (_answers_with(_OK, b"\x00\x00\x00\x00\x02\x08\x07", _DONE), "status 7"),
        (
            _answers_with(_OK, b"x" * 80_000, _DONE),
            "the answer is longer than 65536 bytes, the most that a probe reads",
        ),
    ],
)
def test_what_is_no_answer_of_a_health_service_is_told_in_one_line(serve: Serve, reason: str) -> None:
    assert _reason(serve) == reason


def test_fields_that_a_later_version_adds_are_passed_over() -> None:
    message = b"\x12\x03new" + b"\x08\x01" + b"\x1d\x00\x00\x00\x00"
    framed = b"\x00" + len(message).to_bytes(4, "big") + message
    assert _reason(_answers_with(_OK, framed, _DONE)) == ""


def _reason(serve: Serve) -> str:
    async def reason() -> str:
        async with serving(serve) as port:
            return (await run_probe("grpc", {"address": f"127.0.0.1:{port}"}, timeout="2s")).reason

    return asyncio.run(reason())


def test_https_without_http2_is_told(tmp_path: Path) -> None:
    pem = certificate(tmp_path)

    async def quiet(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def reason() -> str:
        async with serving(quiet, tls_with(pem)) as port:
            settings = {"address": f"localhost:{port}", "ca": str(pem)}
            return (await run_probe("grpc", settings)).reason

    assert asyncio.run(reason()) == "the server offers no HTTP/2 over TLS (ALPN h2)"
