"""What one check of a probe saw, before it is judged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from drills.model.probe import Outcome
from drills.probing.engine.evaluation import Evaluator
from drills.probing.net.resolver import Resolver

if TYPE_CHECKING:
    from drills.sandbox.sandbox import Sandbox

T = TypeVar("T")


@dataclass(slots=True)
class Seen:
    """The raw result of one check.

    `values` are what conditions may name (only those that the probe's conditions do name are filled in).
    `absent` says why a name has no value though the target answered: a condition on it fails for that reason.
    `unmeasured` says why there is no value yet: a condition on it is not counted.
    `doubt` says why the check does not pass although no condition fails: a value that was asked for is not known.
    `withheld` says why the target does not show a value to this prober, which lacks a right or a feature of it: what a
    condition on it would say is unknown.
    `failure` is set when the target did not give what was asked; `unknown` when the prober itself could not run it;
    `degraded` says why a check that passes is no better than *degraded*, by what the target says of itself;
    `verdict`, an outcome and its reason, when a prober on another machine made the check.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    phases: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, float | bool] = field(default_factory=dict)
    failure: str = ""
    unknown: str = ""
    verdict: tuple[Outcome, str] | None = None
    absent: Mapping[str, str] = field(default_factory=dict)
    unmeasured: Mapping[str, str] = field(default_factory=dict)
    doubt: str = ""
    withheld: Mapping[str, str] = field(default_factory=dict)
    degraded: str = ""


#: Why a probe that asks the sandbox itself has no answer.
NO_SANDBOX = "this prober knows no sandbox that it could ask"
#: Checks once. Ends by the probe's timeout; raises nothing but CancelledError for what the target does.
Check = Callable[[], Awaitable[Seen]]


@dataclass(slots=True)
class ProbeContext:
    """What all probe runs of one prober share: clocks, the resolver of names, transports.

    `resolver` times and bounds the resolution of names, `evaluator` the evaluation of conditions; `now` is wall time.
    `sandbox` is the one that is probed, where one is: a prober for other machines knows none.
    Whoever makes it closes it.
    """

    resolver: Resolver
    monotonic: Callable[[], float]
    evaluator: Evaluator = field(default_factory=Evaluator)
    transfers: Any = None
    client: Any = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sandbox: Sandbox | None = None
    _shared: dict[type, Any] = field(default_factory=dict)

    def shared(self, kind: type[T]) -> T:
        """The one object of this class that all checks share, made when it is first asked for.

        Its `close`, if it has one, is called at the end.
        """
        if kind not in self._shared:
            self._shared[kind] = kind()
        return cast(T, self._shared[kind])

    async def close(self) -> None:
        """Let go of all that is in it; checks must have ended."""
        if self.transfers is not None:
            self.transfers.close()
        if self.client is not None:
            await self.client.close()
        for each in self._shared.values():
            if hasattr(each, "close"):
                each.close()
        self.resolver.close()
        await self.evaluator.close()
