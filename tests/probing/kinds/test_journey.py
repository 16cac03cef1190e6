"""The journey probe against a small shop with sessions."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from drills.errors import BadInput
from drills.model.probe import Outcome
from tests.probing.certificates import Authority
from tests.probing.checking import Checked, both_ways, run_probe
from tests.probing.name_servers import naming
from tests.probing.servers import Serve, closing, never_answering, serving, without_end

LOGIN = {
    "name": "login",
    "method": "POST",
    "url": "/login",
    "json": {"user": "one"},
    "assert": ["status == 200", "size(json.token) > 0"],
    "extract": {"token": "json.token"},
}
ORDER = {
    "name": "order",
    "method": "POST",
    "url": "/checkout?as={{token}}",
    "headers": {"Authorization": "Bearer {{token}}"},
    "json": {"items": [1], "note": "for {{token}}"},
    "assert": ["status == 201"],
    "extract": {"order": "json.order", "cookie": "headers['x-cookie']"},
}
PAY = {
    "name": "pay",
    "method": "POST",
    "url": "/pay/{{order}}",
    "json": {"order": "{{order}}"},
    "assert": ["json.paid"],
}


class Shop:
    """Answers three routes; remembers what was asked, and how many connections there were."""

    def __init__(self, **statuses: int) -> None:
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.connections = 0
        self.open = 0
        self.all_gone = asyncio.Event()
        self._statuses = statuses

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.strip().split("\r\n")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.asked.append((first, headers, json.loads(body or b"null")))
                route = first.split(" ")[1].split("?")[0].split("/")[1]
                if self._statuses.get(route) == 0:
                    await reader.read()  # never answers
                    return
                writer.write(self._answer(route, headers))
                await writer.drain()
        finally:
            self.open -= 1
            if not self.open:
                self.all_gone.set()

    def _answer(self, route: str, headers: dict[str, str]) -> bytes:
        answers: dict[str, tuple[int, dict[str, Any], str]] = {
            "login": (200, {"token": "a b/c"}, "Set-Cookie: session=s1; Path=/\r\n"),
            "checkout": (201, {"order": 7}, f"X-Cookie: {headers.get('cookie', 'none')}\r\n"),
            "pay": (200, {"paid": True}, ""),
        }
        status, said, more = answers[route]
        body = json.dumps(said).encode()
        status = self._statuses.get(route, status)
        return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def made(steps: list[dict[str, Any]], serve: Serve, asserts: list[str] | None = None, **more: Any) -> Checked:
    async def checked() -> Checked:
        async with serving(serve) as port:
            settings = {"base": f"http://127.0.0.1:{port}", "steps": steps}
            timeout = more.pop("timeout", "3s")
            return await run_probe("journey", settings | more, timeout=timeout, asserts=asserts or [])

    return asyncio.run(checked())


def test_what_one_step_learns_the_next_ones_use() -> None:
    shop = Shop()
    checked = made(
        [LOGIN, ORDER, PAY],
        shop.serve,
        ["steps.pay.seconds < 3.0", "steps['login'].status == 200", "extracted.order == 7", "time.total < 3.0"],
    )
    assert (checked.outcome, checked.reason) == (Outcome.PASS, "")
    (_, _, _), (order, headers, ordered), (pay, _, paid) = shop.asked
    assert order == "POST /checkout?as=a%20b%2Fc HTTP/1.1"
    assert (headers["authorization"], headers["cookie"]) == ("Bearer a b/c", "session=s1")
    assert ordered == {"items": [1], "note": "for a b/c"}
    assert (pay, paid) == ("POST /pay/7 HTTP/1.1", {"order": 7})
    assert checked.seen.values["extracted"]["cookie"] == "session=s1"


def test_each_step_is_a_phase_and_the_connection_is_one() -> None:
    shop = Shop()
    checked = made([LOGIN, ORDER, PAY], shop.serve)
    phases = checked.seen.phases
    assert list(phases) == ["login", "order", "pay", "total"]
    assert list(phases.values()) == sorted(phases.values())
    assert (shop.connections, shop.open) == (1, 0)


def test_every_check_begins_anew() -> None:
    shop = Shop()

    async def twice() -> None:
        async with serving(shop.serve) as port:
            settings = {"base": f"http://127.0.0.1:{port}", "steps": [LOGIN]}
            await run_probe("journey", settings, times=2)

    asyncio.run(twice())
    assert shop.connections == 2
    assert all("cookie" not in headers for _, headers, _ in shop.asked)


def test_the_reason_names_the_step_that_failed_and_those_before_keep_their_times() -> None:
    checked = made([LOGIN, ORDER, PAY], Shop(checkout=500).serve)
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "step order: status 500, not 201")
    assert list(checked.seen.phases) == ["login"]


def test_a_step_without_assertions_demands_a_status_below_400() -> None:
    bare = {"name": "check-in", "url": "/login"}
    assert made([bare], Shop().serve).outcome is Outcome.PASS
    assert made([bare], Shop(login=404).serve).reason == "step check-in: status 404, over 400"


def test_what_cannot_be_extracted_fails_its_step() -> None:
    wrong = {**LOGIN, "assert": [], "extract": {"token": "json.user.token"}}
    assert made([wrong], Shop().serve).reason == (
        "step login: token cannot be extracted: json.user.token is not in the answer"
    )


def test_when_time_runs_out_in_the_middle_everything_is_closed() -> None:
    shop = Shop(checkout=0)

    async def checked() -> Checked:
        async with serving(shop.serve) as port:
            settings = {"base": f"http://127.0.0.1:{port}", "steps": [LOGIN, ORDER]}
            seen = await run_probe("journey", settings, timeout="300ms")
            await asyncio.wait_for(shop.all_gone.wait(), 5)
            return seen

    seen = asyncio.run(checked())
    assert (seen.outcome, seen.reason) == (Outcome.FAIL, "step order: not done within 0.3 s")


@pytest.mark.parametrize(
    ("serve", "reason"),
    [
        (closing, "step check-in: server disconnected without sending a response"),
        (without_end, "step check-in: body over 1000 bytes, stopped"),
        (never_answering, "step check-in: not done within 0.3 s"),
    ],
)
def test_bad_servers_fail_in_one_line(serve: Serve, reason: str) -> None:
    checked = made([{"name": "check-in", "url": "/"}], serve, timeout="300ms", **{"body-limit": 1000})
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, reason)


def test_nobody_there_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()[1]
    settings = {"base": f"http://127.0.0.1:{nobody}", "steps": [{"name": "check-in", "url": "/"}]}
    checked = asyncio.run(run_probe("journey", settings))
    assert checked.outcome is Outcome.FAIL
    assert checked.reason == "step check-in: connection refused"


def test_it_goes_through_the_edge_by_name_with_the_sandboxs_own_authority(tmp_path: Path) -> None:
    authority, shop = Authority.make(tmp_path), Shop()

    async def checked(name: str, context: Any) -> Checked:
        async with naming({("shop.test", "A"): ("127.0.0.1",)}) as server, serving(shop.serve, context) as port:
            settings = {
                "base": f"https://{name}:{port}",
                "steps": [LOGIN, ORDER],
                "ca": authority.file,
                "dns": server,
            }
            return await run_probe("journey", settings)

    good = asyncio.run(checked("shop.test", authority.server(tmp_path, "shop.test")))
    assert (good.outcome, good.reason) == (Outcome.PASS, "")
    assert shop.asked[0][1]["host"].startswith("shop.test:")
    assert good.seen.values["extracted"]["cookie"] == "session=s1"
    expired = asyncio.run(checked("shop.test", authority.server(tmp_path, "shop.test", valid=-2)))
    assert expired.reason == "step login: certificate not valid: certificate has expired"
    other = asyncio.run(checked("shop.test", authority.server(tmp_path, "old.test")))
    assert "certificate not valid: Hostname mismatch" in other.reason
    gone = asyncio.run(checked("gone.test", authority.server(tmp_path, "gone.test")))
    assert "step login: name gone.test not resolved" in gone.reason


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([ORDER], "step order: {{token}} is extracted by no earlier step; no earlier step extracts anything"),
        ([LOGIN, {**PAY, "url": "/pay/{{tokn}}", "json": None}], "did you mean token?"),
        ([LOGIN, LOGIN], "two steps are called 'login'"),
        ([{**LOGIN, "assert": ["stauts == 200"]}], "'stauts' is not what a step sees; did you mean status?"),
        ([{**LOGIN, "assert": ["status =="]}], "Failed to parse"),
        ([{**LOGIN, "extract": {"The Token": "json.token"}}], "is not a name"),
        ([], "at least 1 item"),
    ],
)
def test_a_journey_that_cannot_be_made_is_bad_input(steps: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(BadInput) as refused:
        asyncio.run(run_probe("journey", {"base": "http://a", "steps": steps}))
    assert why in str(refused.value)


def test_a_name_with_several_addresses_is_visited_where_somebody_answers() -> None:
    shop = Shop()

    async def checked() -> Checked:
        async with serving(shop.serve) as port:
            settings = {"base": f"http://shop.test:{port}", "steps": [LOGIN, ORDER]}
            return await run_probe("journey", settings, lookup=both_ways)

    seen = asyncio.run(checked())
    assert (seen.outcome, seen.reason) == (Outcome.PASS, "")
    assert [headers["host"].partition(":")[0] for _, headers, _ in shop.asked] == ["shop.test", "shop.test"]
    assert shop.connections == 1


def test_a_bad_certificate_is_told_though_the_name_has_more_addresses(tmp_path: Path) -> None:
    authority, shop = Authority.make(tmp_path), Shop()

    async def checked() -> Checked:
        async with serving(shop.serve, authority.server(tmp_path, "shop.test", valid=-2)) as port:
            settings = {"base": f"https://shop.test:{port}", "steps": [LOGIN], "ca": authority.file}
            return await run_probe("journey", settings, lookup=lambda _: ("127.0.0.1", "::1"))

    assert asyncio.run(checked()).reason == "step login: certificate not valid: certificate has expired"
