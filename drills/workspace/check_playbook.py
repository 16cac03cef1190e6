"""Checks of a playbook beyond its schema."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

from drills.errors import Problem
from drills.model.business_time import is_business_day
from drills.model.conditions import ConditionError, compile_condition
from drills.model.metrics import CATALOGUE
from drills.model.playbook import Limit, Playbook, kebab
from drills.model.probe import JOURNEY_ROLES, ProbeSpec
from drills.nearest import suggest
from drills.probing.registry import PROBE_KINDS
from drills.responders.messages import check_template
from drills.workspace.conditions import check_condition
from drills.workspace.yaml_lines import Document, YamlPath

#: What a decision rule may ask.
DECISION_NAMES = (
    "fix_minutes",
    "cause_known",
    "minutes_since_deploy",
    *(name for name in CATALOGUE if name.endswith("_failing") and name != "probe_failing"),
)


def check_playbook(document: Document, playbook: Playbook) -> Iterator[Problem]:
    """Names that do not exist, conditions and templates that cannot be used, times in the wrong order."""
    stem = Path(document.file).stem
    if playbook.name != stem:
        yield document.problem(("name",), f"{playbook.name!r} is not the name of its file", f"write {stem}")
    yield from _levels(document, playbook)
    for index, threshold in enumerate(playbook.thresholds):
        yaml_path: YamlPath = ("thresholds", index, "when")
        yield from check_condition(document, yaml_path, threshold.when, CATALOGUE, what="a metric")
    for index, rule in enumerate(playbook.decisions):
        yaml_path = ("decisions", index, "when")
        yield from check_condition(document, yaml_path, rule.when, DECISION_NAMES, what="known to decisions")
    for index, template in enumerate(playbook.templates):
        wrong = check_template(template.text)
        if wrong:
            yield document.problem(("templates", index, "text"), f"cannot be rendered ({wrong})", "fix the template")
    for index, phase in enumerate(playbook.phases):
        if phase.starts is not None and phase.by is not None and phase.by < phase.starts:
            yield document.problem(("phases", index, "by"), "comes before the phase starts", "write a later time")
    yield from _contacts(document, playbook)
    yield from _business_time(document, playbook)


def _business_time(document: Document, playbook: Playbook) -> Iterator[Problem]:
    hours = playbook.business_time
    if hours is not None:
        try:
            is_business_day(date(2026, 1, 1), hours)
        except ValueError as why:
            yield document.problem(("business-time", "country"), "cannot be used", str(why))
        return
    for index, level in enumerate(playbook.levels):
        for field in ("respond", "update_every", "mitigate", "resolve", "status_page", "post_mortem"):
            limit: Limit | None = getattr(level, field)
            if limit is not None and limit.business_days is not None:
                yaml_path: YamlPath = ("levels", index, kebab(field), "business-days")
                yield document.problem(
                    yaml_path, "needs the playbook's business-time", "add business-time, or use within"
                )


def supplied_metrics(probes: Collection[ProbeSpec]) -> set[str]:
    """The metrics that these probes can measure."""
    roles = {probe.role for probe in probes if probe.role is not None}
    supplied = {metric for role in roles for metric in (role.failing, role.degraded)}
    supplied |= {"journeys_affected", "journeys_failing"} if roles & JOURNEY_ROLES else set()
    for probe in probes:
        if probe.kind in PROBE_KINDS:
            supplied |= PROBE_KINDS[probe.kind].supplied_by(probe.settings)
    return supplied | ({"probe_failing", "probe_degraded"} if probes else set())


def unsupplied(playbook: Playbook, supplied: Collection[str]) -> Iterator[tuple[int, str]]:
    """Thresholds (by index) that can never be reached here, with the metric that no probe supplies."""
    for index, threshold in enumerate(playbook.thresholds):
        try:
            names = compile_condition(threshold.when).free_names
        except ConditionError:
            continue
        for name in sorted((names & set(CATALOGUE)) - set(supplied)):
            yield index, name


def _levels(document: Document, playbook: Playbook) -> Iterator[Problem]:
    names = [level.name for level in playbook.levels]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield document.problem(("levels", index, "name"), f"{name!r} is the name of another level too", "rename it")
    for yaml_path, name in _named_levels(playbook):
        if name not in names:
            yield document.problem(yaml_path, f"{name!r} is not a level of this playbook", suggest(name, names))


def _named_levels(playbook: Playbook) -> Iterator[tuple[YamlPath, str]]:
    for index, threshold in enumerate(playbook.thresholds):
        yield ("thresholds", index, "level"), threshold.level
    parts = {
        "triage": [step.levels for step in playbook.triage],
        "phases": [phase.levels for phase in playbook.phases],
        "escalation": [rung.levels for rung in playbook.escalation],
    }
    for key, entries in parts.items():
        for index, levels in enumerate(entries):
            for number, name in enumerate(levels):
                yield (key, index, "levels", number), name
    for name in playbook.goals.mttr if playbook.goals else ():
        yield ("goals", "mttr", name), name


def _contacts(document: Document, playbook: Playbook) -> Iterator[Problem]:
    known = [contact.name for contact in playbook.contacts]
    if not known:
        return
    named: list[tuple[YamlPath, str]] = [
        (("escalation", index, "contact"), rung.contact) for index, rung in enumerate(playbook.escalation)
    ]
    for index, level in enumerate(playbook.levels):
        named += [(("levels", index, "notify", number), name) for number, name in enumerate(level.notify)]
    named += [
        (("post-mortem-attendees", index, "contact"), attendee.contact)
        for index, attendee in enumerate(playbook.post_mortem_attendees)
    ]
    for yaml_path, name in named:
        if name not in known:
            yield document.problem(yaml_path, f"{name!r} is not among the contacts", suggest(name, known))
