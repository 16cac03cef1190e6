"""What a metrics probe makes of the metrics that targets expose: scrapes one second apart, over a real connection."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest

from drills.probing.engine.verdict import judge
from drills.probing.kinds.metrics.probe import prepare
from drills.probing.net.resolver import Resolver
from drills.probing.seen import ProbeContext
from tests.probing.checking import Checked, probe
from tests.probing.kinds.test_metrics import NAMED
from tests.probing.servers import answering, serving
from tests.wild.cases import Case, cases_of

TEXT = "text/plain; version=0.0.4; charset=utf-8"


def scrapes(case: Case) -> list[bytes]:
    """As they are in the case, with `<CR>` for a carriage return, which YAML would fold."""
    return [text.encode("utf-8").replace(b"<CR>", b"\r") for text in case.given["scrapes"]]


async def last_check(case: Case) -> Checked:
    """What the last of the checks saw: one for each scrape, one second after the other."""
    kind, now = case.given.get("content-type", TEXT), 1000.0
    with closing(Resolver()) as resolver:
        context = ProbeContext(resolver, lambda: now)
        body = [b""]

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await answering(body[0], headers=f"Content-Type: {kind}\r\n")(reader, writer)

        async with serving(serve) as port:
            settings = {"url": f"http://127.0.0.1:{port}/metrics", **case.given.get("settings", {})}
            settings["named"] = {**NAMED, **settings.get("named", {})}
            bound = probe("metrics", settings, asserts=case.given.get("assert", []))
            try:
                check = prepare(bound, context)
                for body[0] in scrapes(case):
                    seen = await check()
                    now += 1.0
                return Checked(*await judge(bound, seen, context.evaluator), seen)
            finally:
                await context.evaluator.close()
                if context.transfers is not None:
                    context.transfers.close()


@pytest.mark.parametrize("case", cases_of("exposition"))
def test_a_scrape_gives_the_right_figures_or_says_why_not(case: Case) -> None:
    checked = asyncio.run(last_check(case))
    right = case.right
    assert checked.outcome.value == right["outcome"], checked.reason
    assert right.get("reason", "") in checked.reason
    assert checked.seen.metrics == pytest.approx(right.get("metrics", {}))
