"""Settings of a team's own services: environment variables, changed by an override and new containers of that service.

What a service runs with is read from its containers: so what a variable is without drills (from the compose file, an
env file, the image, or not set at all) is known, and comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from drills.errors import BadInput, NotReady
from drills.masking.secret_names import tells_secret
from drills.nearest import suggest
from drills.sandbox import change_history
from drills.sandbox.compose.cli import ComposeCli
from drills.sandbox.declared.override import Override, Part
from drills.sandbox.declared.remaking import Remaking
from drills.sandbox.state import StateStore

#: How long a service may take to answer with a new value.
READY_SECONDS = 30.0


class ServiceSettings:
    """A setting is named `SERVICE.VARIABLE`, or by its variable alone where only one service has it.

    See `drills.sandbox.capabilities.settings.Settings`. `changing` is entered for what changes something. All raise
    EnvironmentFailed when the engine or Compose refuse.
    """

    def __init__(
        self,
        declared: Mapping[str, tuple[str, ...]],
        remaking: Remaking,
        cli: ComposeCli,
        override: Override,
        store: StateStore,
        changing: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._declared = declared
        self._remaking = remaking
        self._cli = cli
        self._override = override
        self._store = store
        self._changing = changing

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{service}.{name}" for service, names in self._declared.items() for name in names)

    @property
    def secret(self) -> frozenset[str]:
        """Those whose values are not to be shown, by both of their names."""
        return frozenset(each for name in self.names if tells_secret(name) for each in (name, name.partition(".")[2]))

    def values(self) -> dict[str, str | None]:
        """What each service runs with; of one that has no container, what it would have."""
        return {
            f"{service}.{name}": value
            for service in self._declared
            for name, value in self._of(service, self._declared[service]).items()
        }

    def set(self, changes: Mapping[str, str | None]) -> None:
        """Change settings, and recreate the containers of their services.

        Raises BadInput with the known names, NotSupported when a service must not be recreated, NotReady when it does
        not answer with what was set.
        """
        wanted = self._by_service(changes)
        with self._changing():
            before = self.values()
            for service, values in wanted.items():
                if any(before[f"{service}.{name}"] != value for name, value in values.items()):
                    self._remaking.require(service)
            self._bring(wanted, before)

    def restore(self, wanted: Mapping[str, str | None]) -> tuple[str, ...]:
        """Bring every setting to that value (absent: not set), and return what had to be changed.

        What drills.yaml does not name any more is taken out of the override. What its owner changed meanwhile stays.
        """
        before = self.values()
        values = {name: wanted.get(name) for name in self.names}
        by_service = self._by_service(values)
        self._override.put(Part.SETTINGS, {})
        changed = tuple(
            f"settings.{name}: {_shown(before[name], name)} → {_shown(value, name)}"
            for name, value in values.items()
            if before[name] != value
        )
        try:
            self._bring(by_service, before, note=False)
        except NotReady:
            return changed  # Whether it answers is asked of all services at the end.
        return changed

    def _bring(
        self, wanted: Mapping[str, Mapping[str, str | None]], before: Mapping[str, str | None], *, note: bool = True
    ) -> None:
        late: NotReady | None = None
        for service, values in wanted.items():
            former = self._override.part(Part.SETTINGS)
            self._put(service, values)
            changed = {name: value for name, value in values.items() if before[f"{service}.{name}"] != value}
            if not changed:
                continue
            try:
                self._remaking.remake(service, READY_SECONDS)
            except NotReady as error:
                late = error
            except BaseException:
                self._override.put(Part.SETTINGS, former)
                raise
            if note:
                names = (f"{service}.{name}" for name in changed)
                lines = [
                    f"setting {name}: {_shown(before[name], name)} → {_shown(changed[name.partition('.')[2]], name)}"
                    for name in names
                ]
                change_history.note(self._store, ", ".join(lines))
        if late is not None:
            raise NotReady(f"it is set, but {late}")

    def _put(self, service: str, values: Mapping[str, str | None]) -> None:
        """In the override: what differs from what the owner's file says."""
        services: dict[str, Any] = dict(self._override.part(Part.SETTINGS).get("services", {}))
        kept: dict[str, str | None] = dict((services.pop(service, None) or {}).get("environment", {}))
        self._override.put(Part.SETTINGS, {"services": services} if services else {})
        owners = self._owners(service, tuple(values))
        kept = {name: value for name, value in kept.items() if name not in values}
        kept |= {name: value for name, value in values.items() if owners[name] != value}
        if kept:
            services[service] = {"environment": kept}
        self._override.put(Part.SETTINGS, {"services": services} if services else {})

    def _of(self, service: str, names: tuple[str, ...]) -> dict[str, str | None]:
        own = self._remaking.of(service)
        if not own:
            return self._owners(service, names)
        given = self._remaking.environment(own[0])
        return {name: given.get(name) for name in names}

    def _owners(self, service: str, names: tuple[str, ...]) -> dict[str, str | None]:
        """What the compose file, and what is in force, give the service's next containers."""
        described = self._cli.services().get(service, {})
        given = dict(described.get("environment") or {})
        found: dict[str, str | None] = {}
        for name in names:
            if name in given:
                value = given[name]
                # Compose writes a dollar as two.
                found[name] = None if value is None else str(value).replace("$$", "$")
            else:
                found[name] = self._remaking.image_environment(service, described.get("image")).get(name)
        return found

    def _by_service(self, changes: Mapping[str, str | None]) -> dict[str, dict[str, str | None]]:
        wanted: dict[str, dict[str, str | None]] = {}
        for given, value in changes.items():
            service, name = self._named(given)
            if value is not None and ("\0" in value or "\n" in value):
                raise BadInput(f"{given}: a value has no line breaks; write one line")
            wanted.setdefault(service, {})[name] = value
        return wanted

    def _named(self, given: str) -> tuple[str, str]:
        """The service and the variable that a name stands for. Raises BadInput."""
        if given in self.names:
            service, _, name = given.partition(".")
            return service, name
        having = [service for service, names in self._declared.items() if given in names]
        if len(having) == 1:
            return having[0], given
        if having:
            raise BadInput(f"{given} is a setting of {' and '.join(having)}; write {having[0]}.{given}")
        known = suggest(given, self.names) if self.names else "drills.yaml, sandbox.settings, names none"
        raise BadInput(f"there is no setting {given!r}; {known}")


def _shown(value: str | None, name: str) -> str:
    if value is None:
        return "not set"
    return "•••" if tells_secret(name) else value or "(empty)"
