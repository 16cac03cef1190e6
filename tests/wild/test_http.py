"""Answers that servers really give, asked for by an `http` probe and by a journey of one step."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from drills.model.probe import Outcome
from tests.probing.certificates import Authority
from tests.probing.checking import Checked, run_probe
from tests.wild.cases import Case, cases_of
from tests.wild.origins import Asked, Origins, running


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


async def checked(kind: str, case: Case, origins: Origins, ca: str) -> Checked:
    probe: dict[str, Any] = dict(case.given.get("probe", {}))
    asserts = probe.pop("assert", [])
    url = origins.filled(probe.pop("url", "http://127.0.0.1:{a}/start"))
    headers = {name: origins.filled(value) for name, value in probe.pop("headers", {}).items()}
    both = {name: probe.pop(name) for name in ("redirects", "body-limit") if name in probe}
    timeout = probe.pop("timeout", "5s")
    request = {**probe, "url": url, "headers": headers}
    if kind == "http":
        settings = {**request, **both, "ca": ca}
    else:
        step = {"name": "only", **request, "assert": [*asserts, "status < 999"]}
        settings, asserts = {"base": "http://never.test", "steps": [step], **both, "ca": ca}, []
    return await run_probe(kind, settings, asserts=asserts, timeout=timeout, lookup=lambda _: ["127.0.0.1"])


@pytest.mark.parametrize("kind", ["http", "journey"])
@pytest.mark.parametrize("case", cases_of("http"))
def test_an_answer_is_taken_as_curl_go_and_browsers_take_it(
    case: Case, kind: str, authority: Authority, tmp_path: Path
) -> None:
    right = case.right
    if kind not in case.given.get("kinds", [kind]):
        pytest.skip(f"the case is of {case.given['kinds']}")

    async def all_of_it() -> tuple[Checked, Origins]:
        tls = authority.server(tmp_path, "localhost") if "s" in case.given.get("answers", {}) else None
        async with running(case.given.get("answers", {}), case.folder, tls) as origins:
            return await checked(kind, case, origins, authority.file), origins

    seen, origins = asyncio.run(all_of_it())
    reason = right.get("reason", "")
    reason = origins.filled(reason[kind] if isinstance(reason, dict) else reason)
    expected = f"step only: {reason}" if reason and kind == "journey" else reason
    assert (seen.outcome, seen.reason) == (Outcome(right.get("outcome", "pass")), expected)
    if "requests" in right:
        _compare(right["requests"], origins)
    if "connections" in right:
        assert origins.connections == right["connections"]


def _compare(expected: list[dict[str, Any]], origins: Origins) -> None:
    assert [f"{each.to} {each.line}" for each in origins.asked] == [each["is"] for each in expected]
    for wanted, asked in zip(expected, origins.asked, strict=True):
        _compare_one(wanted, asked, origins)


def _compare_one(wanted: dict[str, Any], asked: Asked, origins: Origins) -> None:
    for name, value in wanted.get("has", {}).items():
        assert asked.headers.get(name) == origins.filled(value), f"{name} of {asked}"
    for name in wanted.get("lacks", []):
        assert name not in asked.headers, f"{name} of {asked}"
    if "body" in wanted:
        assert asked.body == wanted["body"]
