"""Messages about an incident, composed from a playbook's templates; each one says first that this is a drill.

A template is a Jinja2 text whose variables are the fields of `MessageFacts`. What it prints is made readable:
times as `2026-11-21 14:03 UTC`, a list as one `- …` line each, a thing that nobody knows yet as `not known yet`.
Filters for the rest: `humane` (seconds → `3 m 05 s`), `percent` (0.125 → `12.5 %`), `clock` (a time → `14:03 UTC`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment

from drills.model.business_time import due
from drills.model.durations import humane
from drills.model.playbook import Audience, MessageStatus, Playbook

T = TypeVar("T")

#: How every message that leaves a drill begins.
DRILL_MARK = "[DRILL]"


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """What a message can contain. Shares are 0 to 1, times are aware, durations and latencies are seconds."""

    title: str
    drill_id: str
    started: datetime
    now: datetime
    level: str | None = None
    commander: str | None = None
    duration: float = 0.0
    impact: str | None = None
    status: str = MessageStatus.INVESTIGATING.value
    text: str = ""
    actions: tuple[str, ...] = ()
    next_update: datetime | None = None
    cause: str | None = None
    requests_failed: int | None = None
    share_failed: float | None = None
    error_rate: float | None = None
    p95: float | None = None
    affected: str = ""
    estimate: str | None = None
    cause_named_at: datetime | None = None
    fixed_at: datetime | None = None
    post_mortem_due: datetime | None = None
    post_mortem_link: str = ""


def compose(playbook: Playbook, kind: str, audience: Audience, status: MessageStatus, facts: MessageFacts) -> str:
    """The message for this kind (`declared`, `update`, `all-clear`), audience and status; it begins with the mark.

    A playbook without such a template gets a plain message. `status` is also what the template sees as `status`.
    Raises ValueError, in one line, when the playbook's template cannot be rendered.
    """
    values = {field.name: getattr(facts, field.name) for field in fields(facts)} | {"status": status}
    text = _template_text(playbook, kind, audience, status)
    if text is None:
        return _marked(_plain(kind, status, facts))
    try:
        return _marked(_compiled(text).render(values))
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise ValueError(f"template for {kind}, {audience}, {status}: {_one_line(error)}") from None


def check_template(text: str) -> str | None:
    """What is wrong with a template, in one line; None when it can be rendered whatever is known or not yet known."""
    try:
        tree = _environment().parse(text)
        unknown = sorted(meta.find_undeclared_variables(tree) - _NAMES)
        if unknown:
            return f"unknown variable {', '.join(unknown)}; known are {', '.join(sorted(_NAMES))}"
        template = _compiled(text)
        for sample in (_EVERYTHING_KNOWN, _LITTLE_KNOWN):
            template.render({field.name: getattr(sample, field.name) for field in fields(sample)})
    except TemplateSyntaxError as error:
        return f"line {error.lineno}: {_one_line(error)}"
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        return _one_line(error)
    return None


def next_update(playbook: Playbook, level: str | None, now: datetime) -> datetime | None:
    """When the next update is due by the playbook's cadence for this level; None where it states no number."""
    if level is None:
        return None
    cadence = playbook.level(level).update_every
    return None if cadence is None else due(cadence, now, playbook.business_time)


def _template_text(playbook: Playbook, kind: str, audience: Audience, status: MessageStatus) -> str | None:
    """The first message to an audience may have a text of its own; without one it is an update."""
    for wanted in dict.fromkeys((kind, "update")) if kind == "declared" else (kind,):
        for template in playbook.templates:
            if template.kind == wanted and template.audience is audience and status in template.statuses:
                return template.text
    return None


def _plain(kind: str, status: MessageStatus, facts: MessageFacts) -> str:
    heads = {"declared": "INCIDENT DECLARED", "all-clear": "ALL CLEAR"}
    lines = [
        f"{heads.get(kind, 'INCIDENT UPDATE')}: {facts.title} ({facts.drill_id})",
        f"Status: {status.value}",
        f"Severity: {facts.level or 'not declared yet'}",
        f"Started: {_utc(facts.started)} ({humane(facts.duration)} ago)",
    ]
    optional = (
        ("Commander", facts.commander),
        ("Impact", facts.impact),
        ("Cause", facts.cause),
        ("Actions", "; ".join(facts.actions)),
        ("Next update", _utc(facts.next_update) if facts.next_update else None),
    )
    lines += [f"{label}: {value}" for label, value in optional if value]
    return "\n".join([*lines, *([facts.text] if facts.text else [])])


def _marked(message: str) -> str:
    text = message.strip()
    return text if text.startswith(DRILL_MARK) else f"{DRILL_MARK} {text}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%H:%M UTC")


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _if_known(shown: Callable[[T], str]) -> Callable[[T | None], str | None]:
    """A filter that leaves what is not known yet to `_printed`."""
    return lambda value: None if value is None else shown(value)


def _printed(value: Any) -> Any:
    """What a template prints for a value, unless it says otherwise with a filter."""
    if value is None:
        return "not known yet"
    if isinstance(value, datetime):
        return _utc(value)
    if isinstance(value, Enum):
        return str(value.value).capitalize()
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(f"- {item}" for item in value) or "- none yet"
    return value


@lru_cache(maxsize=1)
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, finalize=_printed, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "humane": _if_known(humane),
        "percent": _if_known(_percent),
        "clock": _if_known(_clock),
        "utc": _if_known(_utc),
    }
    return environment


@lru_cache(maxsize=256)
def _compiled(text: str) -> Template:
    return _environment().from_string(text)


_NAMES = frozenset(field.name for field in fields(MessageFacts))
_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_LITTLE_KNOWN = MessageFacts(title="a title", drill_id="INC-20260101-001", started=_NOON, now=_NOON)
_EVERYTHING_KNOWN = MessageFacts(
    title="a title",
    drill_id="INC-20260101-001",
    started=_NOON,
    now=_NOON + timedelta(minutes=5),
    level="SEV1",
    commander="the commander",
    duration=300.0,
    impact="some users",
    text="a text",
    actions=("one", "two"),
    next_update=_NOON + timedelta(minutes=20),
    cause="a cause",
    requests_failed=12,
    share_failed=0.04,
    error_rate=0.001,
    p95=0.12,
    affected="the search",
    estimate="about 20 m",
    cause_named_at=_NOON + timedelta(minutes=2),
    fixed_at=_NOON + timedelta(minutes=4),
    post_mortem_due=_NOON + timedelta(hours=48),
    post_mortem_link="reports/INC-20260101-001/post-mortem.md",
)
