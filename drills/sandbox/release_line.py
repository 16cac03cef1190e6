"""The line of releases that were deployed: what runs, what ran before, and when each came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from drills.sandbox.capabilities.releases import Release
from drills.sandbox.state import Deployment, SandboxState, StateStore

#: A sandbox that has just been started looks like a system that was last changed days ago: a deployment of this
#: minute would be the first suspect of every drill.
_DAYS_BETWEEN_RELEASES = 7


def initial_line(versions: Sequence[str], now: datetime) -> tuple[Deployment, ...]:
    """These releases as if each had been deployed in turn, the last of them three days ago."""
    newest = now - timedelta(days=3)
    return tuple(
        Deployment(version=version, at=newest - timedelta(days=_DAYS_BETWEEN_RELEASES * age))
        for age, version in reversed(list(enumerate(reversed(versions))))
    )


def deployed(store: StateStore, version: str, at: datetime) -> None:
    """Note a deployment; the same release again only gets its new time."""
    state = store.read()
    line = state.deployed[:-1] if state.release == version else state.deployed
    store.change(deployed=(*line, Deployment(version=version, at=at)), deployed_at=state.deployed_at | {version: at})


def rolled_back(store: StateStore, version: str, at: datetime) -> None:
    """Cut the line after that release, so that rolling back again goes further back; it was deployed again then."""
    state = store.read()
    versions = [deployment.version for deployment in state.deployed]
    last = len(versions) - 1 - versions[::-1].index(version)
    line = (*state.deployed[:last], Deployment(version=version, at=at))
    store.change(deployed=line, deployed_at=state.deployed_at | {version: at})


def history(state: SandboxState) -> dict[str, Any]:
    """The deployed releases, and when each was deployed last, as JSON."""
    return state.model_dump(mode="json", include={"deployed", "deployed_at"})


def bring_back(store: StateStore, history: Mapping[str, Any]) -> None:
    """Restore that history: deployments and rollbacks since then are forgotten."""
    state = store.read()
    before = SandboxState.model_validate({"identity": state.identity, **history})
    if (state.deployed, state.deployed_at) != (before.deployed, before.deployed_at):
        store.change(deployed=before.deployed, deployed_at=before.deployed_at)


def listed(known: Mapping[str, str], state: SandboxState) -> Sequence[Release]:
    """Every release, each known by its version and summary: the last deployed first, never deployed ones at the end."""
    never = datetime.min.replace(tzinfo=UTC)
    releases = [
        Release(
            version=version,
            summary=summary,
            deployed_at=state.deployed_at.get(version),
            current=version == state.release,
        )
        for version, summary in known.items()
    ]
    return sorted(releases, key=lambda release: release.deployed_at or never, reverse=True)
