"""DNS answers as servers give them; what the probe makes of them is what dig shows."""

from __future__ import annotations

import asyncio
import re
import shutil

import pytest

from tests.probing.checking import Checked, run_probe
from tests.probing.zones import Zone, served
from tests.wild.cases import Case, cases_of


async def _dig(port: int, name: str, kind: str) -> tuple[str, list[str]]:
    """The status that dig shows, and the records of the type asked for."""
    asked = ["-x", name] if kind == "PTR" and re.fullmatch(r"[\d.:a-f]+", name) else [name, kind]
    process = await asyncio.create_subprocess_exec(
        *("dig", "@127.0.0.1", "-p", str(port), "+noedns", "+noall", "+comments", "+answer", "+time=3", "+tries=1"),
        *asked,
        stdout=asyncio.subprocess.PIPE,
    )
    said = (await process.communicate())[0].decode()
    status = re.search(r"status: (\w+)", said)
    records = [line.split(None, 4) for line in said.splitlines() if line and not line.startswith(";")]
    found = [data for *_, own, data in records if own == kind]
    if kind == "TXT":
        found = ["".join(re.findall(r'"([^"]*)"', data)) for data in found]
    return status[1] if status else "", sorted(data.removesuffix(".") for data in found)


@pytest.mark.parametrize("case", cases_of("dns"))
def test_an_answer_means_what_it_says(case: Case) -> None:
    given, right = case.given, case.right
    zone = Zone(given.get("zone", ()), given.get("rcode", ""), given.get("truncated", False))
    asked = given["ask"]

    async def told() -> tuple[Checked, tuple[str, list[str]] | None]:
        async with served(zone) as port:
            checked = await run_probe("dns", {"server": f"127.0.0.1:{port}", **asked})
            name, kind = asked["name"], asked.get("type", "A")
            return checked, await _dig(port, name, kind) if shutil.which("dig") and name.isascii() else None

    checked, dug = asyncio.run(told())
    assert checked.outcome == right["outcome"], checked.reason
    assert re.search(right.get("reason", "^$"), checked.reason)
    assert checked.seen.values["answers"] == right.get("answers", [])
    if dug is not None:
        assert dug == (checked.seen.values["rcode"], checked.seen.values["answers"])
