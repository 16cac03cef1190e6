"""A sandbox on paper: it keeps its state in memory, and its runner can be made to die between any two changes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from drills.errors import EnvironmentFailed
from drills.sandbox.protocol import (
    Capability,
    Fingerprint,
    Link,
    LinkStatus,
    Release,
    Running,
    Service,
    ServiceStatus,
    Toxic,
)

INDEX = "CREATE INDEX orders_customer_idx ON public.orders USING btree (customer_id)"


class RunnerDied(BaseException):
    """Stands for SIGKILL: nothing may catch it."""


class PaperSandbox:
    driver = "paper"
    capabilities = frozenset(Capability)
    unavailable: Mapping[Capability, str] = {}
    secret_settings: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.running = dict.fromkeys(Service, Running.UP)
        self.proxies = fresh_links()
        self.release = "1.1.0"
        self.indexes = {"orders_customer_idx": INDEX}
        self.changes_left: int | None = None
        self.changed: list[str] = []
        self.is_down = False

    def change(self, what: str) -> None:
        """Called before each single change."""
        if self.changes_left is not None:
            if self.changes_left == 0:
                raise RunnerDied
            self.changes_left -= 1
        self.changed.append(what)

    def need(self, service: Service) -> None:
        if self.is_down or self.running[service] is not Running.UP:
            raise EnvironmentFailed(f"{service} does not answer")

    @property
    def addresses(self) -> Mapping[str, str]:
        return {"database": "postgresql://paper", "state": "/paper/state.json"}

    def is_up(self) -> bool:
        return not self.is_down

    def up(self) -> None:
        self.is_down = False

    def down(self) -> None:
        self.is_down = True

    def services(self) -> Sequence[ServiceStatus]:
        return [ServiceStatus(name, running, "", "") for name, running in self.running.items()]

    def start(self, service: str) -> None:
        if self.running[Service(service)] is Running.DOWN:
            self.change(f"start {service}")
            self.running[Service(service)] = Running.UP
        if service == Service.TOXIPROXY and not self.proxies:
            self.change("links")
            self.proxies = fresh_links()

    def stop(self, service: str) -> None:
        self.change(f"ask {service} to stop")
        self.kill(service)

    def kill(self, service: str) -> None:
        self.change(f"kill {service}")
        self.running[Service(service)] = Running.DOWN
        if service == Service.TOXIPROXY:
            self.proxies = {}

    def pause(self, service: str) -> None:
        self.change(f"pause {service}")
        self.running[Service(service)] = Running.PAUSED

    def resume(self, service: str) -> None:
        if self.running[Service(service)] is Running.PAUSED:
            self.change(f"resume {service}")
            self.running[Service(service)] = Running.UP

    def restart(self, service: str | None = None) -> None: ...

    def releases(self) -> Sequence[Release]:
        return [Release(version, "", None, version == self.release) for version in ("1.0.0", "1.1.0", "1.2.0")]

    def deploy(self, version: str) -> None:
        self.change("end the old release")
        self.running[Service.APP] = Running.DOWN
        self.change("note the new release")
        self.release = version
        self.start(Service.APP)

    def rollback(self, to: str | None = None) -> str:
        self.deploy(to or "1.0.0")
        return self.release

    def scale(self, replicas: int) -> None: ...

    def settings(self) -> Mapping[str, str]:
        return {}

    def set(self, changes: Mapping[str, str]) -> None: ...

    def sql(self, statement: str, *, timeout: float = 30.0) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        self.need(Service.DATABASE)
        if dropped := re.fullmatch(r"DROP INDEX IF EXISTS (\w+)", statement):
            self.change(statement)
            self.indexes.pop(dropped[1], None)
        elif created := re.match(r"CREATE INDEX (\w+)", statement):
            self.change(statement)
            self.indexes[created[1]] = statement
        elif asked := re.search(r"to_regclass\('(\w+)'\)", statement):
            definition = self.indexes.get(asked[1])
            return ["definition", "valid", "constraint"], [[definition, True, False]] if definition else []
        return [], []

    def redis(self, *words: str) -> Any: ...

    def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]:
        return []

    def links(self) -> Sequence[LinkStatus]:
        self.need(Service.TOXIPROXY)
        return list(self.proxies.values())

    def set_link(self, link: str, *, enabled: bool) -> None:
        self.need(Service.TOXIPROXY)
        if self.proxies[link].enabled is not enabled:
            self.change(f"link {link} enabled: {enabled}")
            self.proxies[link] = replace(self.proxies[link], enabled=enabled)

    def add_toxic(self, link: str, toxic: Toxic) -> None:
        self.need(Service.TOXIPROXY)
        self.change(f"toxic {toxic.name} on {link}")
        self.proxies[link] = replace(self.proxies[link], toxics=(*self.proxies[link].toxics, toxic))

    def remove_toxic(self, link: str, name: str) -> None:
        self.need(Service.TOXIPROXY)
        kept = tuple(toxic for toxic in self.proxies[link].toxics if toxic.name != name)
        if kept != self.proxies[link].toxics:
            self.change(f"no toxic {name} on {link}")
            self.proxies[link] = replace(self.proxies[link], toxics=kept)

    def health(self) -> Mapping[str, tuple[bool, str]]:
        return {}

    def fingerprint(self) -> Fingerprint:
        return Fingerprint(
            services={name: str(running) for name, running in self.running.items()},
            replicas=1,
            release=self.release,
            settings={},
            links={
                name: {"enabled": link.enabled, "toxics": [toxic.name for toxic in link.toxics]}
                for name, link in self.proxies.items()
            },
            database={"indexes": dict(self.indexes)},
            files={},
        )

    def restore(self, fingerprint: Fingerprint) -> tuple[str, ...]:
        differences = self.fingerprint().differences(fingerprint)
        for service in Service:
            self.resume(service)
            self.start(service)
        self.proxies = fresh_links()
        self.indexes = dict(fingerprint.database["indexes"])
        if self.release != fingerprint.release:
            self.deploy(fingerprint.release)
        return differences


def fresh_links() -> dict[str, LinkStatus]:
    return {link.value: LinkStatus(link.value, True, "listen", "upstream") for link in Link}
