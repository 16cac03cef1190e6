"""The first questions of an incident, asked at once and answered as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from drills.errors import BadInput

if TYPE_CHECKING:
    from drills.app.context import Context
    from drills.sandbox.diagnostics import Answer
    from drills.sandbox.sandbox import Sandbox


def level_of(context: Context, name: str) -> str:
    """A level as the workspace's playbook writes it: `sev-2` is its SEV2. Raises BadInput for an unknown level."""
    from drills.nearest import suggest

    playbook = context.workspace.playbook()
    plain = {level.name.replace("-", "").lower(): level.name for level in playbook.levels}
    found = plain.get(name.replace("-", "").lower())
    if found is None:
        raise BadInput(
            f"--severity: {playbook.name} has no {name!r}; {suggest(name, [each.name for each in playbook.levels])}"
        )
    return found


def incident_report(
    sandbox: Sandbox,
    *,
    title: str | None,
    severity: str | None,
    began: datetime | None,
    ended: datetime | None,
    now: datetime,
) -> str:
    """The report, without secrets. Logs and changes are read back to when it began, or for fifteen minutes."""
    from drills.masking.masking import mask
    from drills.sandbox.diagnostics import BACK, ask_all
    from drills.sandbox.known_secrets import KnownSecrets

    about = {"Severity": severity, "Began": _said(began), "Ended": _said(ended), "Asked": _said(now)}
    answers = ask_all(sandbox, BACK if began is None else now - began)
    known = KnownSecrets(sandbox)()
    heading = title or f"What the sandbox says, {_said(now)}"
    return "\n".join(_markdown(mask(heading, known), about, answers, sandbox.driver, known))


def _said(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _markdown(
    title: str, about: dict[str, str | None], answers: Sequence[Answer], driver: str, known: Sequence[str]
) -> Iterable[str]:
    from drills.masking.masking import mask

    unanswered = [answer for answer in answers if answer.failed]
    yield from (f"# {title}", "")
    yield from (f"- **{name}**: {said}" for name, said in about.items() if said is not None)
    yield from (
        "",
        f"A drill's sandbox ({driver}). {len(answers)} questions asked, {len(unanswered)} without an answer.",
    )
    area = ""
    for answer in answers:
        if answer.diagnostic.area != area:
            area = answer.diagnostic.area
            yield from ("", f"## {area}")
        question = answer.diagnostic.question
        body = mask("\n".join(answer.lines), known).splitlines()
        yield from ("", f"### {question}{' (no answer)' if answer.failed else ''}", "", "```text", *body, "```")
