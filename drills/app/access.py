"""One rule of who may see and do what, and when: (role, act, moment) → allowed, or the reason why not.

The command line, a browser and an API ask it; none of them has a rule of its own. A responder of a blind drill sees
nothing of its truth before the debrief: no name, fault, cause, remedy or measured recovery.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from drills.errors import NotAllowed


class Role(StrEnum):
    """What a person is in a drill."""

    RESPONDER = "responder"
    FACILITATOR = "facilitator"
    OBSERVER = "observer"
    REVIEWER = "reviewer"


class Moment(StrEnum):
    """What goes on: on a sandbox, or with one drill."""

    IDLE = "idle"
    """No drill runs. Of one drill: it has ended."""
    OPEN = "open"
    """A drill runs, and everybody may know which."""
    BLIND = "blind"
    """A drill runs whose responder may not know which."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A moment; `says` is what goes on, in words that a reason begins with, empty when nothing does."""

    moment: Moment
    says: str = ""


IDLE = Situation(Moment.IDLE)


class Act(Enum):
    """What may be asked for. The value is how a reason calls what is shown or done."""

    LIST_SCENARIOS = "the list of scenarios is shown"
    READ_SCENARIO = "scenarios are shown"
    READ_TRUTH = "what scenarios break is shown"
    NAME_SCHEDULED = "the drills of the calendar are named"
    READ_CALENDAR = "the calendar is shown"
    NAME_DRILL = "its scenario is named"
    FOLLOW_RESPONSE = "alerts and the response are shown"
    FOLLOW_TRUTH = "what is broken and measured is shown"
    READ_STATE = "the whole state is shown"
    READ_REPORT = "its report is written"
    READ_HISTORY = "the history is shown"

    START = "drills are started"
    PRACTISE = "practices are started"
    RESPOND = "answering is possible"
    OPERATE = "the sandbox is operated"
    PROBE = "probes are run"
    STOP = "drills are stopped"
    MAINTAIN = "the workspace is maintained"
    SERVE = "the service is started"
    CORRECT = "milestones are corrected"
    FOLLOW_UP = "post-mortems are written and tasks are closed"

    @property
    def shows(self) -> bool:
        """Whether it only shows something."""
        return self not in _DOING


_DOING = frozenset(
    {
        Act.START,
        Act.PRACTISE,
        Act.RESPOND,
        Act.OPERATE,
        Act.PROBE,
        Act.STOP,
        Act.MAINTAIN,
        Act.SERVE,
        Act.CORRECT,
        Act.FOLLOW_UP,
    }
)

_ALWAYS = frozenset(Moment)
_NEVER: frozenset[Moment] = frozenset()
_RUNNING = frozenset({Moment.OPEN, Moment.BLIND})
_ENDED = frozenset({Moment.IDLE})
_SIGHTED = frozenset({Moment.IDLE, Moment.OPEN})

#: The rule: for each act the moments in which a responder, a facilitator, an observer and a reviewer may. Observers
#: sit with responders, so they see no more than responders do; reviewers judge when a drill has ended.
_RULE: Mapping[Act, tuple[frozenset[Moment], frozenset[Moment], frozenset[Moment], frozenset[Moment]]] = {
    #                     responder  facilitator  observer  reviewer
    Act.LIST_SCENARIOS: (_ALWAYS, _ALWAYS, _ALWAYS, _ALWAYS),
    Act.READ_SCENARIO: (_SIGHTED, _ALWAYS, _SIGHTED, _SIGHTED),
    Act.READ_TRUTH: (_NEVER, _ALWAYS, _NEVER, _SIGHTED),
    Act.READ_CALENDAR: (_ALWAYS, _ALWAYS, _ALWAYS, _ALWAYS),
    Act.NAME_SCHEDULED: (_NEVER, _ALWAYS, _NEVER, _NEVER),
    Act.NAME_DRILL: (_SIGHTED, _ALWAYS, _SIGHTED, _SIGHTED),
    Act.FOLLOW_RESPONSE: (_ALWAYS, _ALWAYS, _ALWAYS, _ALWAYS),
    Act.FOLLOW_TRUTH: (_SIGHTED, _ALWAYS, _SIGHTED, _SIGHTED),
    Act.READ_STATE: (_SIGHTED, _ALWAYS, _SIGHTED, _SIGHTED),
    Act.READ_REPORT: (_ENDED, _ENDED, _ENDED, _ENDED),
    Act.READ_HISTORY: (_ALWAYS, _ALWAYS, _ALWAYS, _ALWAYS),
    Act.START: (_NEVER, _ALWAYS, _NEVER, _NEVER),
    Act.PRACTISE: (_ALWAYS, _ALWAYS, _NEVER, _NEVER),
    Act.RESPOND: (_RUNNING, _RUNNING, _NEVER, _NEVER),
    Act.OPERATE: (_ALWAYS, _ALWAYS, _NEVER, _NEVER),
    Act.PROBE: (_ALWAYS, _ALWAYS, _ALWAYS, _NEVER),
    Act.STOP: (_ALWAYS, _ALWAYS, _NEVER, _NEVER),
    Act.MAINTAIN: (_NEVER, _ALWAYS, _NEVER, _NEVER),
    Act.SERVE: (_NEVER, _ALWAYS, _NEVER, _NEVER),
    Act.CORRECT: (_NEVER, _ENDED, _NEVER, _NEVER),
    Act.FOLLOW_UP: (_ENDED, _ENDED, _NEVER, _ENDED),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Whoever sits at a terminal of the machine owns it and is the facilitator. While a blind drill runs that person is
    taken for its responder as far as anything is shown, and may still do all that an owner may.
    """

    role: Role
    at_terminal: bool = False

    def role_for(self, act: Act, moment: Moment) -> Role:
        """The role in which the rule takes this person."""
        return Role.RESPONDER if self.at_terminal and act.shows and moment is Moment.BLIND else self.role


#: The person at a terminal of the machine.
TERMINAL = Caller(Role.FACILITATOR, at_terminal=True)


def refusal(caller: Caller, act: Act, situation: Situation) -> str | None:
    """Why the caller may not do this now; None when it is allowed."""
    if situation.moment in _moments(act, caller.role_for(act, situation.moment)):
        return None
    if Moment.IDLE in _moments(act, caller.role_for(act, Moment.IDLE)):
        return f"{situation.says or 'a drill is still running'}; {act.value} when it has ended"
    if situation.moment is Moment.IDLE and _moments(act, caller.role):
        return f"no drill is running; {act.value} while one is"
    return f"this is not for {_article(caller.role)}: {act.value} for {_those_who_may(act)} only"


def allowed(caller: Caller, act: Act, situation: Situation) -> bool:
    """Whether the caller may do this now."""
    return refusal(caller, act, situation) is None


def require(caller: Caller, act: Act, situation: Situation | Callable[[], Situation]) -> None:
    """Raises NotAllowed, with the reason.

    A situation that takes time to find out may be given as a function: it is called only if the answer depends on it.
    """
    if callable(situation):
        if all(moment in _moments(act, caller.role_for(act, moment)) for moment in Moment):
            return
        situation = situation()
    if (why := refusal(caller, act, situation)) is not None:
        raise NotAllowed(why)


def _moments(act: Act, role: Role) -> frozenset[Moment]:
    return _RULE[act][list(Role).index(role)]


def _those_who_may(act: Act) -> str:
    return " and ".join(f"{role}s" for role in Role if _moments(act, role))


def _article(role: Role) -> str:
    return f"an {role}" if role[0] in "aeiou" else f"a {role}"
