"""Whether a prober could run each probe: the kind itself checks its addresses, files and names.

So what is found right here does not become *unknown* in `drills serve`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from drills.errors import Problem
from drills.probing.remote.config import KnownProber
from drills.workspace.probe_files import LocatedProbe
from drills.workspace.yaml_lines import YamlPath


def check_ready(
    probes: Sequence[LocatedProbe], addresses: Mapping[str, str], probers: Mapping[str, str] | None, root: Path
) -> Iterator[Problem]:
    """Problems of probes whose form is right. `addresses` are what `${…}` may name, with what each is like; `probers`
    those that `via` may name, with their URLs (None: not known, and probes that name one are passed over).
    """
    if probers is None:
        probes = [probe for probe in probes if not any(own.via for own in probe.spec.vantages.values())]
    if not probes:
        return
    # The kinds' own libraries: only for probes that are there, and a quarter of a second for all kinds together.
    from drills.probing.bind import bind_all
    from drills.probing.engine.preparing import unready
    from drills.probing.net.trusted import trusted_file

    if "ca" in addresses:
        addresses = {**addresses, "ca": trusted_file()}
    known = {name: KnownProber(name, url, root) for name, url in (probers or {}).items()}
    located = {probe.spec.name: probe for probe in probes}
    bound = bind_all([probe.spec for probe in probes], addresses, known)
    found = asyncio.run(unready(bound))
    for unusable, reason in found:
        probe = located[unusable.name]
        own = probe.spec.vantages.get(unusable.vantage)
        field, colon, rest = reason.partition(": ")
        field = field.removeprefix(f"{probe.spec.kind}.")
        here: YamlPath = (*probe.yaml_path, probe.spec.kind)
        if own is not None and (field in own.settings or field not in probe.spec.settings):
            here = (*probe.yaml_path, "vantages", unusable.vantage)
        named = colon and field in {**probe.spec.settings, **(own.settings if own else {})}
        said = rest.removeprefix(f"{unusable.settings.model_dump().get(field)}: ") if named else reason
        wrong, _, right = said.partition("; ")
        yield probe.document.problem((*here, field) if named else here, wrong, right or "write one that can be used")
