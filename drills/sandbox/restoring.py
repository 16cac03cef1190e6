"""All that a drill may change in the sandbox, read, and brought back to what it was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from drills.errors import DrillsError, EnvironmentFailed
from drills.sandbox import change_history, release_line
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.links import LinkStatus, Toxic
from drills.sandbox.capabilities.services import Running
from drills.sandbox.certificates import standing
from drills.sandbox.database.mending import completed
from drills.sandbox.definitions import ShopDefinitions
from drills.sandbox.fingerprint import Fingerprint
from drills.sandbox.provider_console import took_settings
from drills.sandbox.sandbox import Sandbox
from drills.sandbox.shop.names import Service
from drills.sandbox.state import StateStore

#: The cache's own settings that drills turn.
CACHE_SETTINGS = ("maxmemory", "maxmemory-policy")
DATABASE_PASSWORD = "database_password"


class Restorable(Sandbox, Protocol):
    """A sandbox whose database can be read and brought back (`drills.sandbox.database.keeping`)."""

    def settings_values(self) -> Mapping[str, str]: ...
    def read_database(self, password: str) -> Mapping[str, Mapping[str, str]]: ...
    def mend_database(self, wanted: Mapping[str, Mapping[str, str]], password: str) -> bool: ...


class Control(Protocol):
    """Who acts on a driver's services, as far as it is needed here."""

    @property
    def shop(self) -> ShopDefinitions: ...

    def sweep(self) -> Sequence[object]:
        """End what a killed runner left behind; the names of what was ended."""
        ...

    def running(self, service: Service) -> Running: ...
    def resume(self, service: Service) -> None: ...
    def kill(self, service: Service) -> None: ...
    def pause(self, service: Service) -> None: ...

    def outdated(self, services: Sequence[Service]) -> list[Service]:
        """Those that run with other settings than the state says."""
        ...

    def resources(self) -> Mapping[str, str]:
        """Limits of services that are no settings."""
        ...

    def bring_resources_to(self, wanted: Mapping[str, str]) -> None: ...


class OutdatedReplica(Protocol):
    @property
    def release(self) -> str: ...


class Replicas(Protocol):
    """Who acts on a driver's replicas of the app, as far as it is needed here."""

    def alive(self) -> int:
        """How many run, the frozen ones too."""
        ...

    def outdated(self) -> Sequence[OutdatedReplica]: ...
    def replace(self, *, release: str | None = None, then: Callable[[], None] = ...) -> None: ...
    def adjust(self) -> None: ...
    def kill_one(self, number: int) -> None: ...
    def pause_one(self, number: int) -> None: ...
    def resume_one(self, number: int) -> None: ...


def fingerprint_of(
    sandbox: Restorable, config: Path, control: Control, replicas: Replicas, store: StateStore
) -> Fingerprint:
    """The present state. What does not answer is `{"reachable": "no"}`, which differs from every good state."""
    state = store.read()
    return Fingerprint(
        {
            "services": _services(sandbox),
            "replicas": state.replicas,
            "release": "+".join(
                [state.release, *sorted({record.release for record in replicas.outdated()} - {state.release})]
            ),
            "settings": sandbox.settings_values(),
            "links": _or_unreachable(lambda: {link.name: _link(link) for link in sandbox.links.list()}),
            "database": _or_unreachable(lambda: _database(sandbox)),
            "files": _files(config),
            "cache": _or_unreachable(lambda: _cache(sandbox)),
            "certificate": _standing(sandbox),
            "resources": control.resources(),
        },
        history={"changes": state.changes_noted, "deployed": release_line.told(state)},
    )


class Restoring:
    """Brings a sandbox to a fingerprint; the caller holds the change lock."""

    def __init__(
        self,
        sandbox: Restorable,
        config: Path,
        control: Control,
        replicas: Replicas,
        store: StateStore,
    ) -> None:
        self._sandbox = sandbox
        self._config = config
        self._control = control
        self._replicas = replicas
        self._store = store

    def run(self, wanted: Fingerprint) -> tuple[str, ...]:
        """What had to be changed. Raises EnvironmentFailed when the state differs still."""
        # A sandbox that was read while a part of the app was missing is brought back whole.
        # Services that an older version did not have are left as they are.
        known_services = {**_services(self._sandbox), **wanted.mapping("services")}
        services = {name: running.split(":")[0] for name, running in known_services.items()}
        # One that an older version read lacks the newer settings.
        settings = {**self._control.shop.defaults, **wanted.mapping("settings")}
        certificate = wanted.states.get("certificate") or "valid"
        wanted = wanted.with_states(services=services, settings=settings, certificate=certificate)
        swept = self._control.sweep()
        done = [f"leftover {'process' if isinstance(each, int) else 'container'} {each} ended" for each in swept]
        before = self._read()
        done += self._differences(before, wanted)
        if not done and not self._replicas.outdated() and not self._control.outdated(list(Service)):
            self._forget_history(wanted)
            return ()
        self._clear_disk(wanted.mapping("database"))
        self._revive()
        self._links(wanted.mapping("links"))
        self._database(wanted)
        self._cache(wanted.mapping("cache"))
        self._files(wanted.mapping("files"))
        if self._control.resources() != wanted.mapping("resources"):
            self._control.bring_resources_to(wanted.mapping("resources"))
        self._app(wanted)
        self._other_settings()
        self._renew(wanted.states["certificate"])
        self._end_what_was_down(wanted)
        self._forget_history(wanted)
        left = self._differences(self._read(), wanted)
        if left:
            raise EnvironmentFailed(f"the sandbox could not be brought back: {'; '.join(left)}")
        return tuple(done)

    def _read(self) -> Fingerprint:
        return fingerprint_of(self._sandbox, self._config, self._control, self._replicas, self._store)

    def _differences(self, before: Fingerprint, wanted: Fingerprint) -> tuple[str, ...]:
        """One line for each; secrets are told by their digests."""
        secrets = self._sandbox.settings.secret
        if "indexes" in wanted.mapping("database"):
            # Of one that is down not every column is told; and an older version did not read all parts.
            present = before.mapping("database")
            known = completed(wanted.mapping("database"), present) if "indexes" in present else {"reachable": "yes"}
            wanted = wanted.with_states(database=known)
        return _without_secrets(before, secrets).differences(_without_secrets(wanted, secrets))

    def _forget_history(self, wanted: Fingerprint) -> None:
        """A drill's changes are no longer told once they are undone; of an older fingerprint it is not known."""
        if noted := wanted.history.get("changes"):
            change_history.forget_after(self._store, noted)
        if deployed := wanted.history.get("deployed"):
            release_line.bring_back(self._store, deployed)

    def _other_settings(self) -> None:
        """The app has its settings by now; what else runs with others is told, or restarted."""
        # The provider is told in any case: what it runs with is not known while it is too busy to say.
        others = [each for each in Service if each not in (Service.APP, Service.EXTERNAL_API)]
        for service in (Service.EXTERNAL_API, *self._control.outdated(others)):
            if not took_settings(self._control, self._store, service):
                self._sandbox.services.restart(service)

    def _renew(self, wanted: str) -> None:
        if _standing(self._sandbox) != wanted:
            valid_for = timedelta(days=60) if wanted == "valid" else timedelta(days=-1)
            self._sandbox.certificate.renew(valid_for)

    def _revive(self) -> None:
        """All services but the app must answer to be mended, whatever they ought to be afterwards."""
        for service in Service:
            if service is not Service.APP:
                self._sandbox.services.start(service)

    def _links(self, wanted: Mapping[str, Any]) -> None:
        for link in self._sandbox.links.list():
            ought = wanted.get(link.name)
            if ought is None or ought == _link(link):
                continue
            for toxic in link.toxics:
                if toxic.name not in ought["toxics"]:
                    self._sandbox.links.remove_toxic(link.name, toxic.name)
            for name, described in ought["toxics"].items():
                self._sandbox.links.add_toxic(link.name, Toxic(name, **described))
            self._sandbox.links.set(link.name, enabled=ought["enabled"])

    def _clear_disk(self, wanted: Mapping[str, Any]) -> None:
        """First of all: on a full disk the database does not even start."""
        with contextlib.suppress(EnvironmentFailed):  # What holds the disk is down: it is started next.
            for name in _dumps(self._sandbox).keys() - wanted.get("dumps", {}).keys():
                self._sandbox.disk.remove(name)

    def _database(self, wanted: Fingerprint) -> None:
        if "indexes" not in wanted.mapping("database"):
            return
        password = wanted.mapping("settings").get(DATABASE_PASSWORD, "")
        if self._sandbox.mend_database(wanted.mapping("database"), password):
            self._sandbox.services.restart(Service.DATABASE)

    def _cache(self, wanted: Mapping[str, str]) -> None:
        present = _cache(self._sandbox)
        for name in CACHE_SETTINGS:
            if name in wanted and wanted[name] != present[name]:
                self._sandbox.cache.command("CONFIG", "SET", name, wanted[name])

    def _files(self, wanted: Mapping[str, str]) -> None:
        present = _files(self._config)
        for name in present.keys() - wanted.keys():
            (self._config / name).unlink()
        for name, text in wanted.items():
            if present.get(name) != text:
                (self._config / name).write_text(text, encoding="utf-8")

    def _app(self, wanted: Fingerprint) -> None:
        state = self._store.read()
        release = wanted.states["release"]
        self._store.change(replicas=wanted.states["replicas"], settings=dict(wanted.mapping("settings")))
        if deployed := wanted.history.get("deployed"):
            release_line.bring_back(self._store, deployed)
        elif state.release != release:
            release_line.deployed(self._store, release, state.deployed[-1].at)
        if wanted.mapping("services").get(Service.APP) == Running.DOWN:
            return
        self._control.resume(Service.APP)
        if self._replicas.outdated():
            self._replicas.replace()
        else:
            self._replicas.adjust()

    def _end_what_was_down(self, wanted: Fingerprint) -> None:
        for service in Service:
            ought = wanted.mapping("services").get(service)
            if ought == Running.DOWN and self._control.running(service) is not Running.DOWN:
                self._control.kill(service)
            elif ought == Running.PAUSED:
                self._control.pause(service)


def _without_secrets(fingerprint: Fingerprint, secrets: Collection[str]) -> Fingerprint:
    told = {
        name: f"sha256:{sha256(value.encode()).hexdigest()[:12]}" if name in secrets else value
        for name, value in fingerprint.mapping("settings").items()
    }
    return fingerprint.with_states(settings=told)


def _standing(sandbox: Sandbox) -> str:
    try:
        return standing(sandbox.certificate.read(), datetime.now(UTC))
    except DrillsError:
        return "unreadable"


def _services(sandbox: Sandbox) -> dict[str, str]:
    """Up, paused or down; a service of which only a part runs says so."""
    return {
        status.name: f"{status.running}: {status.detail}" if status.detail else str(status.running)
        for status in sandbox.services.list()
    }


def _database(sandbox: Restorable) -> dict[str, Any]:
    return {**sandbox.read_database(sandbox.settings_values().get(DATABASE_PASSWORD, "")), "dumps": _dumps(sandbox)}


def _dumps(sandbox: Sandbox) -> dict[str, str]:
    """What lies on the database's disk beside its data, when the disk has a bound."""
    if Capability.DISK not in sandbox.capabilities:
        return {}
    return {name: f"{size} bytes" for name, size in sandbox.disk.usage().entries.items() if name.startswith("dumps/")}


def _link(link: LinkStatus) -> dict[str, Any]:
    """Without its addresses: ports may change from one `up` to the next."""
    toxics = {
        toxic.name: {
            "type": toxic.type,
            "stream": toxic.stream,
            "toxicity": toxic.toxicity,
            "attributes": dict(toxic.attributes),
        }
        for toxic in link.toxics
    }
    return {"enabled": link.enabled, "toxics": toxics}


def _cache(sandbox: Sandbox) -> dict[str, str]:
    found = {}
    for name in CACHE_SETTINGS:
        answer = sandbox.cache.command("CONFIG", "GET", name)
        pairs = answer if isinstance(answer, Mapping) else dict(zip(answer[::2], answer[1::2], strict=True))
        found[name] = str(pairs[name])
    return found


def _files(config: Path) -> dict[str, str]:
    with contextlib.suppress(FileNotFoundError):
        return {
            path.name: path.read_text(encoding="utf-8", errors="replace")
            for path in sorted(config.iterdir())
            if path.is_file()
        }
    return {}


def _or_unreachable(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return read()
    except DrillsError:
        return {"reachable": "no"}
