"""A journey's settings: its steps, and what each hands on to the next ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Literal, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from drills.model.conditions import compile_condition
from drills.model.playbook import Model
from drills.nearest import suggest
from drills.probing.net.urls import HttpUrl
from drills.probing.settings_model import ForOthers, Headers, SettingsModel, Url, with_addresses

_EXTRACTED = r"[a-z_][a-z0-9_]*"
#: What a journey's step puts in place of `{{name}}`.
PLACEHOLDER = re.compile(r"\{\{\s*(" + _EXTRACTED + r")\s*\}\}")
_BASE = HttpUrl.of("http://base/")


def url_of_step(base: HttpUrl, text: str) -> HttpUrl:
    """A whole URL, or what is below the base: `/login` below `http://shop/app` is `http://shop/app/login`.

    Raises ValueError, one line that names what is wrong.
    """
    if re.match(r"\s*([a-zA-Z][a-zA-Z0-9+.\-]*:|//)", text):
        return base.joined(text)
    below = text.strip()
    path = base.target.partition("?")[0].rstrip("/")
    return base.joined(path + below if below.startswith(("?", "#")) and path else f"{path}/{below.lstrip('/')}")


class JourneyStep(Model):
    """One request of a journey. `{{name}}` stands for what an earlier step extracted under that name."""

    names: ClassVar[frozenset[str]] = frozenset({"status", "time", "body", "json", "headers", "url"})

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    url: str = Field(description="A path below the base, or a whole URL.")
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    headers: Headers = Field(default_factory=dict)
    body: str | None = None
    json_: JsonValue = Field(None, description="Sent as JSON, with its content type.")
    assert_: tuple[str, ...] = Field((), description="CEL; empty: a status below 400.")
    extract: dict[str, str] = Field(default_factory=dict, description="Name → CEL of what later steps need.")

    @field_validator("url", mode="after")
    @classmethod
    def _can_be_asked_for(cls, url: str) -> str:
        url_of_step(_BASE, with_addresses(PLACEHOLDER.sub("a", url)))
        return url

    @field_validator("assert_", mode="after")
    @classmethod
    def _are_conditions(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        for text in texts:
            cls._checked(text)
        return texts

    @field_validator("extract", mode="after")
    @classmethod
    def _can_be_extracted(cls, wanted: dict[str, str]) -> dict[str, str]:
        for name, text in wanted.items():
            if not re.fullmatch(_EXTRACTED, name):
                raise ValueError(f"{name!r} is not a name; write small letters, digits and _")
            cls._checked(text)
        return wanted

    @classmethod
    def _checked(cls, text: str) -> None:
        for name in sorted(compile_condition(text).free_names - cls.names):
            raise ValueError(f"{name!r} is not what a step sees; {suggest(name, cls.names)}")

    def placeholders(self) -> frozenset[str]:
        """The names that it needs from earlier steps."""
        return frozenset(_placeholders_in([self.url, self.body, list(self.headers.values()), self.json_]))


def _placeholders_in(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield from PLACEHOLDER.findall(value)
    elif isinstance(value, dict):
        yield from _placeholders_in([*value, *value.values()])
    elif isinstance(value, list):
        for each in value:
            yield from _placeholders_in(each)


class JourneySettings(SettingsModel):
    """Several requests in a row, as one user makes them: cookies are kept, and what one step learns the next one uses.

    The connection is a fresh one at each check.
    """

    for_others: ClassVar[ForOthers] = ForOthers.ALWAYS
    names = frozenset({"time", "steps", "extracted"})

    base: Url = Field(description="What the steps' paths are below: ${app}, ${edge}.")
    steps: tuple[JourneyStep, ...] = Field(min_length=1)
    redirects: int = Field(0, ge=0, le=20)
    verify: bool = True
    ca: str | None = Field(None, description="File of certificates to trust instead of the system's.")
    dns: str | None = Field(None, description="DNS server (host:port) to ask for names: ${dns}.")
    body_limit: int = Field(1_048_576, ge=1, description="Bytes; a longer answer is stopped and fails.")

    @model_validator(mode="after")
    def _steps_follow(self) -> Self:
        known: set[str] = set()
        for index, step in enumerate(self.steps):
            if any(other.name == step.name for other in self.steps[:index]):
                raise ValueError(f"two steps are called {step.name!r}; give one another name")
            for name in sorted(step.placeholders() - known):
                right = suggest(name, known) if known else "no earlier step extracts anything"
                raise ValueError(f"step {step.name}: {{{{{name}}}}} is extracted by no earlier step; {right}")
            known |= step.extract.keys()
        return self
