"""Another protocol on the port than the probe's: each kind tells it in one line, or fails by its timeout."""

from __future__ import annotations

import asyncio
import re

import pytest

from drills.model.probe import Outcome
from tests.probing.checking import Checked, run_probe
from tests.probing.servers import never_answering, serving
from tests.wild.cases import Case, cases_of

SETTINGS = {
    "mysql": lambda port: {"url": f"mysql://mon:secret@127.0.0.1:{port}/"},
    "grpc": lambda port: {"address": f"127.0.0.1:{port}"},
    "redis": lambda port: {"url": f"redis://127.0.0.1:{port}/0"},
    "postgres": lambda port: {"url": f"postgresql://mon:secret@127.0.0.1:{port}/shop"},
}


@pytest.mark.parametrize("kind", SETTINGS)
@pytest.mark.parametrize("case", cases_of("ports"))
def test_another_protocol_is_told_in_one_line(case: Case, kind: str) -> None:
    says = case.given["says"].encode("latin-1")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)
        await writer.drain()
        if case.given["then"] == "hang":
            await never_answering(reader, writer)
        else:
            writer.write_eof()
            await reader.read(4096)

    async def checked() -> Checked:
        async with serving(serve) as port:
            return await run_probe(kind, SETTINGS[kind](port), timeout="500ms")

    found = asyncio.run(checked())
    assert found.outcome is Outcome.FAIL
    assert re.search(case.right[kind], found.reason), found.reason
    assert "secret" not in found.reason
    assert len(found.reason) <= 200
