"""HTTP probes against real servers, good and bad."""

from __future__ import annotations

import asyncio
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from drills.model.probe import Outcome
from tests.probing.checking import Checked, run_probe
from tests.probing.servers import (
    Serve,
    answering,
    certificate,
    closing,
    http2,
    never_answering,
    serving,
    tls_with,
    without_end,
)

PHASES = {"connect", "first-byte", "total"}


def check(serve: Serve, settings: dict[str, Any] | None = None, **more: Any) -> Checked:
    async def checked() -> Checked:
        async with serving(serve) as port:
            host = more.pop("host", "127.0.0.1")
            return await run_probe("http", {"url": f"http://{host}:{port}/page", **(settings or {})}, **more)

    return asyncio.run(checked())


def test_a_good_answer_passes_and_every_phase_of_it_is_timed() -> None:
    checked = check(answering(b'{"ok": true}'), asserts=["status == 200", "json.ok", "time.total < 3.0"])
    assert (checked.outcome, checked.reason) == (Outcome.PASS, "")
    assert set(checked.seen.phases) == PHASES
    phases = checked.seen.phases
    assert 0 < phases["connect"] <= phases["first-byte"] <= phases["total"]


def test_a_name_is_resolved_and_its_time_is_a_phase_that_the_others_come_after() -> None:
    checked = check(answering(b"{}"), host="shop.test", lookup=lambda _: ["127.0.0.1"])
    assert checked.outcome is Outcome.PASS
    assert set(checked.seen.phases) == {"dns", *PHASES}
    assert checked.seen.phases["dns"] < checked.seen.phases["connect"]


def test_of_several_addresses_one_that_answers_is_enough() -> None:
    checked = check(answering(b"{}"), host="shop.test", lookup=lambda _: ["::1", "127.0.0.1"])
    assert checked.outcome is Outcome.PASS


def test_a_name_that_is_unknown_fails_before_any_phase() -> None:
    def nobody(_: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    checked = check(answering(), host="shop.test", lookup=nobody)
    assert (checked.outcome, checked.reason) == (
        Outcome.FAIL,
        "name shop.test not resolved: Name or service not known",
    )
    assert checked.seen.phases == {}


@pytest.mark.parametrize(
    ("serve", "asserts", "reason"),
    [
        (answering(status=503), ["status == 200"], "status 503, not 200"),
        (answering(b'{"status": "down"}'), ["json.status == 'ok'"], 'json.status "down", not "ok"'),
        (answering(b'{"ok": false}'), ["json.ok"], "json.ok is false"),
        (answering(b'{"orders": []}'), ["size(json.orders) > 0"], "size(json.orders) 0, not over 0"),
        (
            answering(b"{}"),
            ["size(json.orders) > 0"],
            "'size(json.orders) > 0' could not be evaluated: json.orders is missing",
        ),
        (answering(b"hello"), ["body.contains('world')"], "body.contains('world') (body \"hello\")"),
        (
            answering(headers="X-Mode: slow\r\n"),
            ["headers['x-mode'] == 'fast'"],
            'headers[\'x-mode\'] "slow", not "fast"',
        ),
        (answering(status=404), ["status == 200 || status == 204"], "status == 200 || status == 204 (status 404)"),
        (answering(status=503), [], "status 503, over 400"),
        (closing, [], "connection closed without an answer"),
    ],
)
def test_a_bad_answer_fails_with_a_reason_that_a_person_can_read(serve: Serve, asserts: list[str], reason: str) -> None:
    checked = check(serve, asserts=asserts)
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, reason)


@pytest.mark.parametrize("body", [b"<html>", b'{"a": NaN}', b"[" * 100_000, b"", b"\xff\xfe", b'{"a": 1'])
def test_a_body_that_is_not_json_fails_a_condition_on_it_and_no_other(body: bytes) -> None:
    checked = check(answering(body), asserts=["json.a > 2.0"])
    assert checked.outcome is Outcome.FAIL
    assert checked.reason.startswith("'json.a > 2.0' could not be evaluated: the body is not JSON (")
    assert len(checked.reason) < 150
    assert check(answering(body), asserts=["status == 200"]).outcome is Outcome.PASS


def test_a_condition_for_degraded_that_holds_degrades_a_passing_check() -> None:
    checked = check(
        answering(headers="X-Degraded: payment\r\n"), asserts=["status == 200"], degraded=["'x-degraded' in headers"]
    )
    assert checked.outcome is Outcome.DEGRADED


def test_a_target_that_accepts_and_never_answers_fails_by_the_timeout_with_the_phases_that_it_reached() -> None:
    checked = check(never_answering, timeout="200ms", asserts=["status == 200"])
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "no answer within 0.2 s, though connected")
    assert set(checked.seen.phases) == {"connect"}


def test_a_body_that_never_ends_is_stopped_at_the_limit() -> None:
    checked = check(without_end, {"body-limit": 200_000}, timeout="30s")
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "body over 200000 bytes, stopped")


def test_a_refused_connection_fails_with_no_phase_at_all() -> None:
    async def checked() -> Checked:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        return await run_probe("http", {"url": f"http://127.0.0.1:{port}/"})

    result = asyncio.run(checked())
    assert (result.outcome, result.reason, result.seen.phases) == (Outcome.FAIL, "connection refused", {})


def test_what_is_sent_is_what_was_asked_for() -> None:
    seen: list[bytes] = []
    check(answering(seen=seen), {"method": "POST", "json": {"user": "a"}, "headers": {"X-Drill": "yes"}})
    assert seen[0].startswith(b"POST /page HTTP/1.1\r\n")
    assert b"X-Drill: yes\r\n" in seen[0]
    assert b"Content-Type: application/json\r\n" in seen[0]
    assert seen[0].endswith(b'{"user": "a"}')


def test_every_check_opens_a_connection_of_its_own() -> None:
    peers = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.append(writer.get_extra_info("peername"))
        while True:
            await answering(b"{}")(reader, writer)

    assert check(serve, times=3).outcome is Outcome.PASS
    assert len(set(peers)) == 3


def redirecting(*, to: str, body: bytes) -> Serve:
    """Sends whoever asks for /page on; answers all else with the body."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        start = f"302 Found\r\nLocation: {to}".encode() if b"/page" in head.split(b"\r\n")[0] else b"200 OK"
        writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (start, len(body), body))
        await writer.drain()

    return serve


def test_a_redirect_is_an_answer_unless_redirects_are_to_be_followed() -> None:
    serve = redirecting(to="/other", body=b"there")
    assert check(serve, asserts=["status == 302"]).outcome is Outcome.PASS
    followed = check(serve, {"redirects": 3}, asserts=["status == 200", "body == 'there'", "url.endsWith('/other')"])
    assert (followed.outcome, followed.reason) == (Outcome.PASS, "")
    assert set(followed.seen.phases) == PHASES


def test_a_second_check_begins_at_the_first_address_again() -> None:
    serve = redirecting(to="/other", body=b"there")
    assert check(serve, {"redirects": 1}, times=2, asserts=["status == 200"]).outcome is Outcome.PASS


def test_redirects_without_end_are_given_up() -> None:
    checked = check(answering(status=302, headers="Location: /page\r\n"), {"redirects": 3}, asserts=["status == 200"])
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "redirected more than 3 times")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_an_invalid_certificate_fails_and_says_so_and_a_trusted_one_has_a_tls_phase(tmp_path: Path) -> None:
    pem = certificate(tmp_path)

    async def checked(host: str, **settings: Any) -> Checked:
        async with serving(answering(b"{}"), tls_with(pem)) as port:
            url = {"url": f"https://{host}:{port}/", **settings}
            return await run_probe("http", url, lookup=lambda _: ["127.0.0.1"])

    refused = asyncio.run(checked("localhost"))
    assert refused.outcome is Outcome.FAIL
    assert refused.reason.replace("self ", "self-") == "certificate not valid: self-signed certificate"
    assert "tls" not in refused.seen.phases
    trusted = asyncio.run(checked("localhost", ca=str(pem)))
    assert trusted.outcome is Outcome.PASS
    assert trusted.seen.phases["connect"] < trusted.seen.phases["tls"] < trusted.seen.phases["total"]
    other_name = asyncio.run(checked("shop.test", ca=str(pem)))
    assert other_name.outcome is Outcome.FAIL
    assert other_name.reason.startswith("certificate not valid: ")
    unverified = asyncio.run(checked("shop.test", verify=False))
    assert unverified.outcome is Outcome.PASS


def test_http2_that_was_asked_for_and_not_given_fails() -> None:
    checked = check(answering(b"{}"), {"http2": True}, timeout="1s")
    assert checked.outcome is Outcome.FAIL


def test_http2_that_was_asked_for_and_given_passes() -> None:
    checked = check(http2, {"http2": True}, asserts=["status == 200", "version == '2'", "size(json) == 0"])
    assert (checked.outcome, checked.reason) == (Outcome.PASS, "")
    assert set(checked.seen.phases) == PHASES
