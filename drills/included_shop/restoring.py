"""Brings all that the sandbox of the included system has back to what it was, in the order that dependencies need.

The disk first, on which the database starts; then all services but the app must answer to be restored, whatever they
ought to be afterwards; then what they hold; then the app, once for its release, replicas and settings; and in the end
those that were down are down again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drills.errors import EnvironmentFailed
from drills.included_shop.database.restoring import completed
from drills.included_shop.disk import ShopDisk
from drills.included_shop.files import ConfigFiles
from drills.included_shop.names import Service
from drills.included_shop.provider_console import took_settings
from drills.sandbox.capabilities.services import Running
from drills.sandbox.fingerprint import Fingerprint

if TYPE_CHECKING:
    from drills.included_shop.sandbox import ShopSandbox


class Restoring:
    """The caller holds the change lock."""

    def __init__(self, sandbox: ShopSandbox, disk: ShopDisk) -> None:
        self._sandbox = sandbox
        self._own = sandbox.own
        self._ground = sandbox.own.ground
        self._disk = disk

    def run(self, wanted: Fingerprint) -> tuple[str, ...]:
        """What had to be changed. Raises EnvironmentFailed when the state differs still."""
        wanted = self._complete(wanted)
        swept = self._own.control.sweep()
        done = [f"leftover {'process' if isinstance(each, int) else 'container'} {each} ended" for each in swept]
        done += self._differences(wanted)
        if not done and not self._own.app.outdated() and not self._own.control.outdated(list(Service)):
            self._sandbox.changes.forget_since(wanted.history)
            return ()
        self._bring_back(wanted)
        self._sandbox.changes.forget_since(wanted.history)
        if left := self._differences(wanted):
            raise EnvironmentFailed(f"the sandbox could not be brought back: {'; '.join(left)}")
        return tuple(done)

    def _bring_back(self, wanted: Fingerprint) -> None:
        sandbox = self._sandbox
        self._disk.restore(wanted.mapping("database").get("dumps", {}))
        for service in Service:
            if service is not Service.APP:
                sandbox.services.start(service)
        sandbox.links.restore(wanted.mapping("links"))
        sandbox.databases.restore_with(wanted.mapping("database"), wanted.mapping("settings"))
        sandbox.caches.restore(wanted.mapping("cache"))
        ConfigFiles(self._ground.config).restore(wanted.mapping("files"))
        if self._own.control.resources() != wanted.mapping("resources"):
            self._own.control.bring_resources_to(wanted.mapping("resources"))
        self._app(wanted)
        self._other_settings()
        sandbox.certificate.restore(wanted.states["certificate"])
        self._end_what_was_down(wanted)

    def _complete(self, wanted: Fingerprint) -> Fingerprint:
        """One that was read while a part of the app was missing is brought back whole; an old one lacks some."""
        # Services that an older version did not have are left as they are.
        present = {each.name: str(each.running) for each in self._sandbox.services.list()}
        known = {**present, **wanted.mapping("services")}
        return wanted.with_states(
            services={name: running.split(":")[0] for name, running in known.items()},
            settings=self._sandbox.settings.complete(wanted.mapping("settings")),
            certificate=wanted.states.get("certificate") or "valid",
        )

    def _differences(self, wanted: Fingerprint) -> tuple[str, ...]:
        """One line for each; secrets are shown as digests."""
        before = self._sandbox.fingerprint()
        ours, theirs = before.mapping("database"), wanted.mapping("database")
        if "indexes" in theirs:
            # While it is down not every column is known, and an older version did not read all parts.
            wanted = wanted.with_states(database=completed(theirs, ours) if "indexes" in ours else {"reachable": "yes"})
        veiled = self._sandbox.settings.without_secrets
        return before.with_states(settings=veiled(before.mapping("settings"))).differences(
            wanted.with_states(settings=veiled(wanted.mapping("settings")))
        )

    def _app(self, wanted: Fingerprint) -> None:
        self._sandbox.settings.note(wanted.mapping("settings"))
        self._sandbox.replicas.note(wanted.states["replicas"])
        self._sandbox.changes.forget_since({"deployed": wanted.history.get("deployed")})
        self._sandbox.releases.note(wanted.states["release"])
        if wanted.mapping("services").get(Service.APP) == Running.DOWN:
            return
        self._own.control.resume(Service.APP)
        if self._own.app.outdated():
            self._own.app.replace()
        else:
            self._own.app.adjust()

    def _other_settings(self) -> None:
        """The app has its settings by now; the other services get theirs, or are restarted."""
        # The provider is sent them in any case: its present ones are unknown while it is too busy to answer.
        others = [each for each in Service if each not in (Service.APP, Service.EXTERNAL_API)]
        for service in (Service.EXTERNAL_API, *self._own.control.outdated(others)):
            if not took_settings(self._own.control, self._ground.store, service):
                self._sandbox.services.restart(service)

    def _end_what_was_down(self, wanted: Fingerprint) -> None:
        for service in Service:
            ought = wanted.mapping("services").get(service)
            if ought == Running.DOWN and self._own.control.running(service) is not Running.DOWN:
                self._own.control.kill(service)
            elif ought == Running.PAUSED:
                self._own.control.pause(service)
