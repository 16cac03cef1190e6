"""What drills.yaml says of a team's releases and settings: which service has them, and how a release is deployed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from drills.model.durations import Duration
from drills.model.playbook import Model
from drills.nearest import suggest
from drills.sandbox.adapters.registry import adapter_of
from drills.sandbox.declared.declaration import Act, Adapter, DeclaredLink, DeclaredService, refusal
from drills.sandbox.declared.link_rules import refusal as link_refusal

#: An image's tag, as the OCI distribution specification has it; it can stand in a command as it is.
Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")]
#: An environment variable. Compose takes more, shells do not.
SettingName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)]

VERSION = "{version}"
_IMAGE = r"^[a-z0-9][A-Za-z0-9._/:-]*$"
#: Where something answers, for a file that is checked while nothing runs.
_SOMEWHERE = "127.0.0.1:8000"


class ReleaseDeclaration(Model):
    """Either `image` and `tags`, or the owner's own commands."""

    service: str = Field(description="The service that has releases.")
    image: str | None = Field(None, pattern=_IMAGE, description="Without its tag: registry.example/web.")
    tags: tuple[Version, ...] = Field((), description="The versions that there are.")
    deploy: str | None = Field(None, description="A command of your own, run by sh; {version} is the version.")
    rollback: str | None = Field(None, description="The same, for going back to {version}; absent: deploy.")
    current: str | None = Field(None, description="The same; prints the version that runs.")
    timeout: Duration = Field(timedelta(minutes=5), description="For each of the commands.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        commands = [name for name in ("deploy", "rollback", "current") if getattr(self, name) is not None]
        if self.image is not None and commands:
            raise ValueError(f"has image and {commands[0]}; write image and tags, or commands, not both")
        if self.image is not None and not self.tags:
            raise ValueError("names no tags; write the tags that may be deployed")
        if self.image is None and (self.deploy is None or self.current is None):
            raise ValueError("does not say how to deploy; write image and tags, or the commands deploy and current")
        if self.deploy is not None and VERSION not in self.deploy:
            raise ValueError(f"deploy does not name the version; write {VERSION} where it belongs")
        return self


class DeclaredSystem(Model):
    """A team's own system, as drills.yaml describes it: see `drills.sandbox.system.KnownSystem`."""

    services: Mapping[str, DeclaredService] = Field(default_factory=dict)
    links: Mapping[str, DeclaredLink] = Field(default_factory=dict)
    releases: ReleaseDeclaration | None = None
    settings: Mapping[str, tuple[SettingName, ...]] = Field(default_factory=dict)

    @property
    def names(self) -> Mapping[str, Collection[str]]:
        known: dict[str, Collection[str]] = {"service": tuple(self.services), "link": tuple(self.links)}
        if self.settings:
            known["setting"] = tuple(sorted({name for each in self.settings.values() for name in each}))
        if self.releases is not None and self.releases.tags:
            known["release"] = self.releases.tags
        return known

    @property
    def addresses(self) -> Mapping[str, str]:
        # Secrets are not needed to say what a file means.
        plain = {name: each.model_copy(update={"password_from": None}) for name, each in self.services.items()}
        alike = {name: adapter_of(each.adapter).url(each, _SOMEWHERE) for name, each in plain.items()}
        return {**alike, "state": "state.json"}

    @property
    def entrance(self) -> str | None:
        """The only service that speaks HTTP."""
        fit = [name for name, each in self.services.items() if each.adapter == Adapter.HTTP]
        return fit[0] if len(fit) == 1 else None

    def locustfile(self, workspace: Path) -> Path | None:  # noqa: ARG002 - drills.yaml says it
        return None

    @property
    def probe_settings(self) -> Mapping[str, Mapping[str, JsonValue]]:
        return {} if self.release_service is None else {"container": {"service": self.release_service}}

    @property
    def release_service(self) -> str | None:
        return None if self.releases is None else self.releases.service

    def setting_services(self, name: str) -> tuple[str, ...]:
        return tuple(service for service, names in self.settings.items() if name in names)

    def setting_refusal(self, name: str, value: str | None) -> str | None:  # noqa: ARG002 - its owner says nothing of it
        return None

    def refusal(self, service: str, act: str) -> str | None:
        """Why drills may not do that to the service, that replica of it, or (`cut`) that link; None when they may."""
        if act == Act.CUT:
            return link_refusal(self.links, self.services, service)
        return refusal(self.services, service, act)

    def problems(self) -> Iterator[tuple[tuple[str, ...], str, str]]:
        """What names a service that is not declared: the YAML path, what is wrong, what would be right."""
        if self.releases is not None and self.releases.service not in self.services:
            name = self.releases.service
            yield ("releases", "service"), f"there is no service {name!r}", suggest(name, self.services)
        for name in self.settings:
            if name not in self.services:
                yield ("settings", name), f"there is no service {name!r}", suggest(name, self.services)
