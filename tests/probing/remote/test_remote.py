"""Checks that a prober elsewhere makes: what it saw is told, and what it cannot tell is unknown, never failed."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from drills.alerting import AlertRules, AlertState, Fired, observe, tick
from drills.model.playbook import Level, Limit, Playbook, Threshold
from drills.model.probe import Observation, Outcome, ProbeSpec
from drills.probing.bind import bind
from drills.probing.engine.once import check_once
from drills.probing.engine.preparing import prepare
from drills.probing.engine.prober import Prober
from drills.probing.engine.tripwire import tripwire_target
from drills.probing.net.resolver import Resolver
from drills.probing.remote import client as remote_client
from drills.probing.remote.config import KnownProber
from drills.probing.remote.http_server import listen_at, serve_checks, url_of
from drills.probing.remote.messages import Question
from drills.probing.remote.server import Overloaded, ProbeServer
from drills.probing.seen import ProbeContext, Seen
from tests.fakes import FakeClock, settle
from tests.probing.recipes import make
from tests.probing.servers import Serve, answering, certificate, never_answering, serving, tls_with

TOKEN = "a-token-that-both-sides-keep"
SHOP = b'{"orders": 3}'


@asynccontextmanager
async def paris(folder: Path, token: str = TOKEN) -> AsyncIterator[KnownProber]:
    """A prober that listens; those who ask it send `token`."""
    listener = listen_at("127.0.0.1:0")
    answers = asyncio.create_task(serve_checks(listener, TOKEN))
    try:
        yield known(folder, url_of(listener), token)
    finally:
        answers.cancel()
        await asyncio.gather(answers, return_exceptions=True)


def known(folder: Path, url: str, token: str = TOKEN) -> KnownProber:
    file = folder / "paris.token"
    file.write_text(f"{token}\n")
    return KnownProber("paris", url, file)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def spec_of(url: str, **more: Any) -> ProbeSpec:
    return ProbeSpec.model_validate(
        {"name": "home", "http": {"url": url}, "timeout": "3s", "vantages": {"elsewhere": {"via": "paris"}}, **more}
    )


async def check(spec: ProbeSpec, prober: KnownProber, **addresses: str) -> Observation:
    (seen,) = await check_once([spec], addresses, {"paris": prober})
    return seen


def checked(tmp_path: Path, serve: Serve | None = None, **more: Any) -> Observation:
    """What paris sees of a target that is well, or as `serve` has it."""

    async def play() -> Observation:
        async with serving(serve or answering(SHOP)) as port, paris(tmp_path) as prober:
            return await check(spec_of("${app}/", **more), prober, app=f"http://127.0.0.1:{port}")

    return asyncio.run(play())


# ---- what it saw ----------------------------------------------------------------------------------------------------


def test_a_pass_elsewhere_is_a_pass_with_its_phases(tmp_path: Path) -> None:
    seen = checked(tmp_path, **{"assert": ["status == 200", "json.orders == 3"]})
    assert (seen.outcome, seen.reason, seen.vantage) == (Outcome.PASS, "", "elsewhere")
    assert {"connect", "total"} <= set(seen.phases)


def test_a_failure_elsewhere_is_a_failure_with_the_reason_of_there(tmp_path: Path) -> None:
    seen = checked(tmp_path, answering(SHOP, status=503), **{"assert": ["status == 200"]})
    assert (seen.outcome, seen.reason) == (Outcome.FAIL, "status 503, not 200")


def test_what_is_degraded_elsewhere_is_degraded(tmp_path: Path) -> None:
    seen = checked(tmp_path, degraded=["json.orders < 5"])
    assert seen.outcome is Outcome.DEGRADED
    assert "json.orders" in seen.reason


def test_a_kind_that_compares_two_checks_remembers_the_one_before(tmp_path: Path) -> None:
    page = b'shop_requests_total{route="/",status="200"} 40\n'

    async def play() -> list[Seen]:
        async with serving(answering(page)) as port, paris(tmp_path) as prober:
            spec = ProbeSpec.model_validate(
                {
                    "name": "figures",
                    "metrics": {
                        "url": f"http://127.0.0.1:{port}/metrics",
                        "named": {"requests": "shop_requests_total"},
                    },
                    "vantages": {"elsewhere": {"via": "paris"}},
                }
            )
            return await checks(spec, prober, 2)

    first, second = asyncio.run(play())
    assert "rpm" not in first.metrics
    assert second.metrics["rpm"] == 0


async def checks(spec: ProbeSpec, prober: KnownProber, times: int, between: Callable[[], None] = lambda: None) -> Any:
    """What paris saw each time, asked over the same connection."""
    resolver = Resolver()
    context = ProbeContext(resolver, time.monotonic)
    seen = prepare(bind(spec, {}, {"paris": prober}).per_vantage[0], context)
    try:
        found = []
        for _ in range(times):
            found.append(await seen())
            between()
        return found
    finally:
        await context.client.close()
        resolver.close()


def test_the_certificates_to_trust_are_sent_along(tmp_path: Path) -> None:
    pem = certificate(tmp_path)

    async def play() -> list[Observation]:
        async with serving(answering(SHOP), tls_with(pem)) as port, paris(tmp_path) as prober:
            trusting = {"url": f"https://localhost:{port}/", "ca": str(tmp_path / "cert.pem")}
            return [
                await check(spec_of("", http=settings), prober)
                for settings in (trusting, {"url": f"https://localhost:{port}/"})
            ]

    trusted, untrusted = asyncio.run(play())
    assert (trusted.outcome, trusted.reason) == (Outcome.PASS, "")
    assert untrusted.outcome is Outcome.FAIL
    assert "certificate not valid" in untrusted.reason


# ---- what is not known from there -----------------------------------------------------------------------------------


def unknown(tmp_path: Path, prober: Callable[[], Any], **more: Any) -> str:
    async def play() -> Observation:
        async with prober() as answers:
            return await check(spec_of("http://127.0.0.1:1/", **more), answers)

    seen = asyncio.run(play())
    assert seen.outcome is Outcome.UNKNOWN
    return seen.reason


@asynccontextmanager
async def impostor(folder: Path, serve: Serve) -> AsyncIterator[KnownProber]:
    """Something else that listens where a prober is thought to be."""
    async with serving(serve) as port:
        yield known(folder, f"http://127.0.0.1:{port}")


def test_a_prober_that_is_gone_makes_it_unknown(tmp_path: Path) -> None:
    @asynccontextmanager
    async def gone() -> AsyncIterator[KnownProber]:
        yield known(tmp_path, f"http://127.0.0.1:{closed_port()}")

    assert unknown(tmp_path, gone) == "the prober paris does not answer (connection refused)"


def test_a_prober_that_hangs_makes_it_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_client, "GRACE", 0.1)
    said = unknown(tmp_path, lambda: impostor(tmp_path, never_answering), timeout="100ms")
    assert said == "the prober paris does not answer (nothing within 0.2 s)"


def test_a_token_that_is_refused_makes_it_unknown(tmp_path: Path) -> None:
    said = unknown(tmp_path, lambda: paris(tmp_path, token="another"))
    assert said == f"the prober paris refuses the token of {tmp_path / 'paris.token'}"


def test_a_token_that_cannot_be_read_makes_it_unknown(tmp_path: Path) -> None:
    said = unknown(tmp_path, lambda: paris(tmp_path, token=" "))
    assert said.startswith(f"the prober paris cannot be asked (token file {tmp_path / 'paris.token'}: it is empty")


@pytest.mark.parametrize(
    ("serve", "said"),
    [
        (answering(b"<html>hello</html>"), "does not answer like a prober (no JSON)"),
        (answering(b'{"format": 1}'), "does not answer like a prober (outcome: Field required)"),
        (answering(b'{"format": 1, "outcome": "fine"}'), "does not answer like a prober (outcome: "),
        (answering(b'{"format": 7, "outcome": "pass"}'), "answers in format 7, which is newer than 1; upgrade drills"),
        (answering(b"not here", status=404), "does not answer like a prober (status 404; is http://127.0.0.1:"),
        (answering(b"<html>bad gateway</html>", status=502), "does not answer (status 502)"),
        (answering(b'{"error": "too old"}', status=400), "refuses: too old"),
        (answering(b"x" * 300_000), "does not answer like a prober (more than a prober's answer may have)"),
    ],
)
def test_an_answer_that_is_none_makes_it_unknown(tmp_path: Path, serve: Serve, said: str) -> None:
    assert unknown(tmp_path, lambda: impostor(tmp_path, serve)).startswith(f"the prober paris {said}")


def test_what_the_prober_there_could_not_see_is_unknown_here(tmp_path: Path) -> None:
    exhausted = answering(b'{"format": 1, "outcome": "unknown", "reason": "too many open files"}')
    said = unknown(tmp_path, lambda: impostor(tmp_path, exhausted))
    assert said == "the prober paris could not run the check (too many open files)"


def test_figures_that_the_kind_does_not_have_are_not_taken_over(tmp_path: Path) -> None:
    answer = answering(b'{"format": 1, "outcome": "pass", "metrics": {"error_rate": 1.0}, "later": true}')

    async def play() -> Observation:
        async with impostor(tmp_path, answer) as prober:
            return await check(spec_of("http://127.0.0.1:1/"), prober)

    seen = asyncio.run(play())
    assert (seen.outcome, seen.metrics) == (Outcome.PASS, {})


def test_a_new_token_is_used_from_the_next_check_on(tmp_path: Path) -> None:
    async def play() -> Any:
        async with serving(answering(SHOP)) as port, paris(tmp_path, token="old") as prober:
            spec = spec_of(f"http://127.0.0.1:{port}/")
            return await checks(spec, prober, 2, between=lambda: str(prober.token_file.write_text(TOKEN)) and None)

    before, after = asyncio.run(play())
    assert "refuses the token" in before.unknown
    assert after.verdict == (Outcome.PASS, "")


# ---- one probe from here and from there -----------------------------------------------------------------------------


def test_an_alert_says_that_it_is_just_me(tmp_path: Path) -> None:
    spec = ProbeSpec.model_validate(
        {
            "name": "home",
            "http": {"url": "${app}/"},
            "role": "site",
            "vantages": {
                "here": {"url": f"http://127.0.0.1:{closed_port()}/"},
                "elsewhere": {"via": "paris", "required": False},
            },
        }
    )
    level = Level(name="SEV1", means="down", respond=Limit(says="at once", source="test"))
    threshold = Threshold(level="SEV1", when="site_failing", for_=timedelta(), source="test")
    rules = AlertRules.of(Playbook(name="test", title="Test", levels=(level,), thresholds=(threshold,)), [spec])

    async def play() -> list[str]:
        state, reasons = AlertState(), []
        async with serving(answering(SHOP)) as port, paris(tmp_path) as prober:
            for t in range(3):
                seen = await check_once([spec], {"app": f"http://127.0.0.1:{port}"}, {"paris": prober})
                for observation in seen:
                    state, _ = observe(rules, state, float(t), observation)
                state, told = tick(rules, state, float(t))
                reasons += [each.reason for each in told if isinstance(each, Fired)]
        return reasons

    (reason,) = asyncio.run(play())
    assert "home: fails from here, passes from elsewhere: connection refused" in reason


def test_a_check_from_elsewhere_says_nothing_of_the_own_network(tmp_path: Path) -> None:
    """Every check by this machine's network fails: that another machine sees the target does not speak for it."""
    spec = ProbeSpec.model_validate(
        {"name": "home", "tcp": {"address": "a:1"}, "vantages": {"here": {}, "elsewhere": {"via": "paris"}}}
    )
    bound = bind(spec, {}, {"paris": known(tmp_path, "http://127.0.0.1:1")})
    seen: list[Observation] = []

    async def here() -> Seen:
        return Seen(failure="connection refused")

    async def there() -> Seen:
        return Seen(verdict=(Outcome.FAIL, "connection refused"))

    async def disconnected() -> bool:
        return False

    async def play() -> None:
        prober = Prober(
            [bound],
            seen.append,
            clock=FakeClock(),
            prepare=lambda probe, _context: there if probe.via else here,
            connectivity=disconnected,
        )
        running = asyncio.create_task(prober.run())
        await settle()
        prober.check_now("home")
        await settle()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(play())
    assert {(each.vantage, each.outcome) for each in seen} == {
        ("here", Outcome.UNKNOWN),
        ("elsewhere", Outcome.FAIL),
    }


def test_no_tripwire_is_held_at_what_is_checked_from_elsewhere(tmp_path: Path) -> None:
    settings = {"url": "http://127.0.0.1:1/", "tripwire": True}
    bound = bind(
        spec_of("", http=settings, vantages={"here": {}, "far": {"via": "paris"}}),
        {},
        {"paris": known(tmp_path, "http://a")},
    )
    assert [tripwire_target(key) for key in bound.per_vantage] == [("127.0.0.1", 1), None]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"vantages": {"far": {"via": "pari"}}}, "there is no prober 'pari'; did you mean paris?"),
        (
            {"kind": "heartbeat", "settings": {"name": "a", "within": "1h", "state": "s"}},
            "a heartbeat probe checks this machine; leave 'via' out",
        ),
        ({"settings": {"url": "https://a/", "ca": "/no/such.pem"}}, "ca: /no/such.pem: there is no such file"),
        ({"timeout": "61s", "every": "5m"}, "timeout: another prober allows at most 1m"),
    ],
)
def test_from_a_vantage_that_cannot_be_asked_nothing_is_known(
    tmp_path: Path, fields: dict[str, Any], said: str
) -> None:
    plain = {"name": "home", "kind": "http", "settings": {"url": "http://a/"}, "vantages": {"far": {"via": "paris"}}}
    seen = asyncio.run(check(ProbeSpec.model_validate({**plain, **fields}), known(tmp_path, "http://127.0.0.1:1")))
    assert seen.outcome is Outcome.UNKNOWN
    assert seen.reason.startswith(said)


# ---- the side that is asked -----------------------------------------------------------------------------------------

ASKED = {"format": 1, "name": "home", "kind": "tcp", "settings": {"address": "127.0.0.1:1"}, "timeout": "3s"}


def said_to(tmp_path: Path, content: bytes, token: str | None = TOKEN) -> tuple[int, str]:
    """The status and the one line that a raw request is answered with."""

    async def play() -> httpx.Response:
        async with paris(tmp_path) as prober, httpx.AsyncClient(trust_env=False) as client:
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            return await client.post(f"{prober.url}/check", content=content, headers=headers)

    response = asyncio.run(play())
    line = response.json().get("error", "")
    assert "\n" not in line
    return response.status_code, line


@pytest.mark.parametrize("token", [None, "wrong", TOKEN + "x", TOKEN[:-1]])
def test_who_has_not_the_token_is_told_nothing_else(tmp_path: Path, token: str | None) -> None:
    assert said_to(tmp_path, b"no question", token) == (401, "the token is missing or wrong")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "container"}, "probe home: a container probe checks its own machine only, not for others"),
        ({"kind": "heartbeat"}, "probe home: a heartbeat probe checks its own machine only, not for others"),
        ({"kind": "htpp"}, "probe home: 'htpp' is not a kind of probe here; did you mean http?"),
        ({"settings": {"adress": "a:1"}}, "probe home: tcp.address: Field required"),
        ({"settings": {"address": "nowhere"}}, "probe home: 'nowhere' has no host and port; write host:port"),
        ({"settings": {"address": "${app}"}}, "probe home: ${app} is not an address of the sandbox"),
        ({"assert": ["time.total <"]}, "probe home: assert: Failed to parse expression 'time.total <'"),
        ({"timeout": "61s"}, "the question: Value error, timeout must be more than 0 and at most 1m"),
        ({"timeout": "0s"}, "the question: Value error, timeout must be more than 0 and at most 1m"),
        ({"format": 2, "colour": "red"}, "the question is of format 2, newer than this prober's 1; upgrade it"),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        (
            {"kind": "http", "settings": {"url": "https://a/", "ca": "/etc/passwd"}},
            "probe home: http.ca: a prober reads no file for other machines; send its contents as 'ca'",
        ),
        (
            {"kind": "postgres", "settings": {"url": "postgresql:///d?host=/run/postgresql"}},
            "probe home: postgres.url: a prober opens no Unix socket for other machines",
        ),
        (
            {"kind": "postgres", "settings": {"url": "postgresql://u@h/d?passfile=/srv/.pgpass"}},
            "probe home: postgres.url: has passfile, and a probe reads no stored secrets; leave it out",
        ),
        (
            {"kind": "redis", "settings": {"url": "unix:///run/redis.sock"}},
            "probe home: redis.url: a prober opens no Unix socket for other machines",
        ),
        ({"ca": "…"}, "probe home: tcp.ca: Extra inputs are not permitted"),
    ],
)
def test_a_question_that_cannot_be_answered_gets_one_line(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    status, line = said_to(tmp_path, json.dumps({**ASKED, **change}).encode())
    assert status == 400
    assert line.startswith(said)


def test_what_is_no_question_gets_one_line(tmp_path: Path) -> None:
    assert said_to(tmp_path, b"hello")[1].startswith("the question is not JSON (")
    assert said_to(tmp_path, b"[]")[1].startswith("the question: ")
    assert said_to(tmp_path, b" " * 600_000) == (413, "the question has more than 524288 bytes")


def test_whether_it_answers_at_all_is_told_to_everybody(tmp_path: Path) -> None:
    async def play() -> httpx.Response:
        async with paris(tmp_path) as prober, httpx.AsyncClient(trust_env=False) as client:
            return await client.get(f"{prober.url}/health")

    response = asyncio.run(play())
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_a_prober_that_is_told_to_stop_gives_up_the_checks_that_go_on(tmp_path: Path) -> None:
    async def play() -> Observation:
        arrived = asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            arrived.set()
            await reader.read()

        async with serving(silent) as port:
            async with paris(tmp_path) as prober:
                checking = asyncio.create_task(
                    check(spec_of(f"http://127.0.0.1:{port}/", timeout="30s", every="1m"), prober)
                )
                await arrived.wait()
            return await checking

    seen = asyncio.run(play())
    assert seen.outcome is Outcome.UNKNOWN
    assert seen.reason.startswith("the prober paris does not answer (")


def asked(port: int, **change: Any) -> Question:
    http = {"kind": "http", "settings": {"url": f"http://127.0.0.1:{port}/"}}
    return Question.model_validate({**ASKED, **http, **change})


def test_more_checks_than_may_go_on_at_once_are_refused_at_once() -> None:
    async def play() -> None:
        answers, arrived = ProbeServer(concurrency=1), asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            arrived.set()
            await reader.read()

        async with serving(silent) as port:
            checking = asyncio.create_task(answers.answer(asked(port)))
            await arrived.wait()
            with pytest.raises(Overloaded, match="1 checks are already running"):
                await answers.answer(asked(port))
            checking.cancel()
            await asyncio.gather(checking, return_exceptions=True)
            assert (await answers.answer(asked(closed_port()))).outcome is Outcome.FAIL
        await answers.close()

    asyncio.run(play())


def test_checks_of_one_asker_at_one_probe_come_one_after_the_other() -> None:
    at_once, most = 0, 0

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        await reader.readuntil(b"\r\n\r\n")
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async def play() -> list[Outcome]:
        answers = ProbeServer()
        async with serving(counting) as port:
            found = await asyncio.gather(*(answers.answer(asked(port, asker="me")) for _ in range(4)))
        await answers.close()
        return [each.outcome for each in found]

    assert asyncio.run(play()) == [Outcome.PASS] * 4
    assert most == 1


def test_what_was_not_asked_for_longest_is_forgotten_with_its_certificates() -> None:
    pem = make({"root": {"ca": True}})["root"].certificate.decode()

    async def play() -> int:
        answers = ProbeServer(concurrency=1, kept=2)
        try:
            for asker in ("a", "b", "c", "a"):
                await answers.answer(asked(closed_port(), asker=asker, ca=pem))
            return len(list(Path(answers._folder.name).iterdir()))
        finally:
            await answers.close()

    assert asyncio.run(play()) == 2
