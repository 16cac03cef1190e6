"""What belongs into a section of a playbook's post-mortem template, by the section's title.

A title is written as in the team's document. It may name its parts after a colon (`Impact: users, business`), which
become headings of their own, and may say in brackets what it is about (`What happened? (Timeline)`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto


class Holds(Enum):
    """What a section holds."""

    SUMMARY = auto()
    TIMELINE = auto()
    DETECTION = auto()
    IMPACT = auto()
    USERS = auto()
    BUSINESS = auto()
    ROOT_CAUSE = auto()
    CONTRIBUTING = auto()
    WHYS = auto()
    RESPONSE = auto()
    WELL = auto()
    WRONG = auto()
    ACTIONS = auto()
    LESSONS = auto()
    PREVENTION = auto()
    METRICS = auto()
    LOGS = auto()
    DATA = auto()
    REFERENCES = auto()
    HEADING = auto()
    """Nothing of its own: its parts follow."""
    OTHER = auto()
    """What only people can write."""


#: The first pattern that a title contains says what the section holds.
_PATTERNS: tuple[tuple[str, Holds], ...] = (
    (r"summary|incident id", Holds.SUMMARY),
    (r"timeline", Holds.TIMELINE),
    (r"action items?", Holds.ACTIONS),
    (r"root cause", Holds.ROOT_CAUSE),
    (r"contributing", Holds.CONTRIBUTING),
    (r"\bwhys?\b", Holds.WHYS),
    (r"resolution|actions taken|mitigation|\brespond", Holds.RESPONSE),
    (r"detection|detected", Holds.DETECTION),
    (r"went well|positive", Holds.WELL),
    (r"went wrong|improve", Holds.WRONG),
    (r"lessons?|learn", Holds.LESSONS),
    (r"prevent", Holds.PREVENTION),
    (r"impact", Holds.IMPACT),
    (r"\busers?\b", Holds.USERS),
    (r"business|revenue", Holds.BUSINESS),
    (r"metrics", Holds.METRICS),
    (r"\blogs?\b", Holds.LOGS),
    (r"\bdata\b", Holds.DATA),
    (r"references|links", Holds.REFERENCES),
)

#: What each post-mortem has; what a template lacks is added under these titles.
_REQUIRED: tuple[tuple[Holds, str], ...] = (
    (Holds.SUMMARY, "Summary"),
    (Holds.TIMELINE, "Timeline (UTC)"),
    (Holds.IMPACT, "Impact"),
    (Holds.DETECTION, "Detection"),
    (Holds.ROOT_CAUSE, "Root cause"),
    (Holds.CONTRIBUTING, "Contributing factors"),
    (Holds.WHYS, "Five whys"),
    (Holds.RESPONSE, "Resolution"),
    (Holds.WELL, "What went well"),
    (Holds.WRONG, "What went wrong"),
    (Holds.ACTIONS, "Action items"),
    (Holds.PREVENTION, "Prevention"),
)
#: Sections that are shown whole, whatever parts their titles name: those are columns of a table, or fields of a list.
_WHOLE = frozenset({Holds.SUMMARY, Holds.TIMELINE, Holds.ACTIONS})


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what is below it. `level` is 2, or 3 for a part of the section before."""

    title: str
    holds: Holds
    level: int = 2


def holds(title: str) -> Holds:
    """What a section of this title holds; what its brackets say comes first."""
    inside = re.findall(r"\(([^)]*)\)", title)
    for text in (*inside, title):
        for pattern, found in _PATTERNS:
            if re.search(pattern, text, re.IGNORECASE):
                return found
    return Holds.OTHER


def sections_of(titles: Iterable[str]) -> tuple[Section, ...]:
    """The sections of a template, and after them whatever it lacks of what each post-mortem has; a summary is first."""
    found: list[Section] = []
    for title in titles:
        head, _, rest = title.partition(":")
        what = holds(head)
        parts = [part.strip() for part in rest.split(",") if part.strip()]
        if not parts or what in _WHOLE:
            found.append(Section(head, what))
            continue
        found.append(Section(head, Holds.HEADING))
        for part in parts:
            own = holds(part)
            found.append(Section(_capital(part), what if own is Holds.OTHER else own, 3))
    held = {section.holds for section in found} | ({Holds.IMPACT} if _has(found, Holds.USERS) else set())
    lacking = [Section(title, what) for what, title in _REQUIRED if what not in held]
    first = [section for section in lacking if section.holds is Holds.SUMMARY]
    return (*first, *found, *(section for section in lacking if section not in first))


def _has(sections: Iterable[Section], what: Holds) -> bool:
    return any(section.holds is what for section in sections)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
