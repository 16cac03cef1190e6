"""Checks of a probe beyond its schema: its kind's settings, its conditions, the probes that it depends on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from drills.errors import Problem
from drills.model.durations import format_duration
from drills.model.probe import Vantage
from drills.nearest import suggest
from drills.probing.net.addresses import literal, named, unclosed
from drills.probing.registry import PROBE_KINDS
from drills.probing.remote.config import LONGEST, is_this_machine
from drills.probing.settings_model import ForOthers
from drills.workspace.conditions import check_condition
from drills.workspace.models import build_at
from drills.workspace.probe_files import LocatedProbe
from drills.workspace.yaml_lines import YamlPath


def check_probe(
    probe: LocatedProbe, names: Collection[str], addresses: Collection[str] | None, probers: Mapping[str, str] | None
) -> Iterator[Problem]:
    """`names` are all probes; `addresses` what `${…}` may name (None: not known before the sandbox is up).

    `probers` are those that `via` may name, with their URLs (None: drills.yaml cannot be used).
    """
    document, spec, kind = probe.document, probe.spec, PROBE_KINDS[probe.spec.kind]
    here: YamlPath = (*probe.yaml_path, spec.kind)
    _, problems = build_at(document, here, spec.settings, kind)
    yield from problems
    written = [(here, spec.settings)]
    for vantage, own in spec.vantages.items():
        there: YamlPath = (*probe.yaml_path, "vantages", vantage)
        written.append((there, own.settings))
        if not problems:
            yield from build_at(document, there, {**spec.settings, **own.settings}, kind)[1]
        if own.via is not None:
            yield from _check_via(probe, own, (*there, "via"), probers)
    for around, settings in written if addresses is not None else ():
        for yaml_path, address in named(settings, around):
            if address not in (addresses or ()):
                right = f"{suggest(address, addresses or ())}; $${{{address}}} is that text itself"
                yield document.problem(yaml_path, f"${{{address}}} is not an address", right)
        for yaml_path in unclosed(settings, around):
            wrong, right = "has ${ without }, and is sent unchanged", "write $${ if that is meant"
            yield document.problem(yaml_path, wrong, right, warning=True)
    for key, conditions in (("assert", spec.assert_), ("degraded-when", spec.degraded_when)):
        for index, text in enumerate(conditions):
            what = f"what a probe of kind {spec.kind} sees"
            yield from check_condition(
                document, (*probe.yaml_path, key, index), literal(text), kind.names, what=what, loops=True
            )
    for index, name in enumerate(spec.depends_on):
        yaml_path = (*probe.yaml_path, "depends-on", index)
        if name == spec.name:
            yield document.problem(yaml_path, "the probe depends on itself", "name another probe")
        elif name not in names:
            yield document.problem(yaml_path, f"there is no probe {name!r}", suggest(name, names))
    if spec.timeout > spec.every and not any(condition.startswith("time.") for condition in spec.degraded_when):
        right = "write a shorter timeout, or a time under 'degraded-when' that is reported while the answer is awaited"
        yield document.problem((*probe.yaml_path, "timeout"), "is longer than 'every'", right)


def _check_via(
    probe: LocatedProbe, vantage: Vantage, yaml_path: YamlPath, probers: Mapping[str, str] | None
) -> Iterator[Problem]:
    document, spec, via = probe.document, probe.spec, vantage.via or ""
    if PROBE_KINDS[spec.kind].for_others is ForOthers.NEVER:
        yield document.problem(yaml_path, f"a {spec.kind} probe checks this machine only", "leave 'via' out")
        return
    if probers is not None and via not in probers:
        right = suggest(via, probers) if probers else "drills.yaml names none under 'probers'"
        yield document.problem(yaml_path, f"there is no prober {via!r}", right)
    elif probers is not None and not is_this_machine(probers[via]):
        # The certificates of `ca` are sent along; all other addresses of the sandbox are on loopback.
        written = {key: value for key, value in {**spec.settings, **vantage.settings}.items() if key != "ca"}
        for _, address in named(written):
            wrong = f"${{{address}}} is on this machine's loopback, and {via} is another machine"
            yield document.problem(yaml_path, wrong, "write an address that leads here from there", warning=True)
    if spec.timeout > LONGEST:
        longest = format_duration(LONGEST)
        wrong = f"is longer than another prober allows, {longest}"
        yield document.problem((*probe.yaml_path, "timeout"), wrong, f"write {longest} or less")
