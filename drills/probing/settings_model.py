"""What the settings of all kinds of probes have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator

from drills.model.playbook import Model
from drills.probing.net.urls import HttpUrl

if TYPE_CHECKING:
    from drills.probing.bind import BoundProbe
    from drills.probing.seen import Check, ProbeContext

_ADDRESS = re.compile(r"(^|:)?\$\{[^}]*\}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z\-]+")
_NO_TEXT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def with_addresses(text: str) -> str:
    """The text with its placeholders for addresses replaced by something that is valid there in a URL."""
    return _ADDRESS.sub(lambda match: {"": "http://a", ":": ":1"}.get(match[1], "a"), text)


def _checked_url(text: str) -> str:
    HttpUrl.of(with_addresses(text))
    return text


def _checked_name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is not a header's name; write letters, digits and - (RFC 9110 5.1)")
    return name


def checked_value(value: str) -> str:
    """A header's value as it may be sent. Raises ValueError, one line, for one that no header can hold."""
    if control := _NO_TEXT.search(value):
        raise ValueError(f"holds the control character U+{ord(control[0]):04X}; write a header's value on one line")
    if not_latin := re.search(r"[^\x00-\xff]", value):
        raise ValueError(
            f"holds {not_latin[0]!r}, which a header cannot contain (only Latin-1); write it encoded, as %XX or base64"
        )
    return value


#: A URL of http or https; the sandbox's addresses may stand in it.
Url = Annotated[str, AfterValidator(_checked_url)]
#: What a probe sends beside its request. RFC 9110 5.5: a value is one line of visible characters.
Headers = dict[Annotated[str, AfterValidator(_checked_name)], Annotated[str, AfterValidator(checked_value)]]


class ForOthers(Enum):
    """Whether `drills prober` runs probes of a kind for other machines."""

    ALWAYS = auto()
    IF_ALLOWED = auto()
    """Only where its owner has said so: `drills prober --allow KIND`."""
    NEVER = auto()
    """It checks the machine it runs on; on another one it would find another sandbox, or none."""


class SettingsModel(Model):
    """Settings of one kind of probe, and how it checks.

    Texts may name the sandbox's addresses: `${app}/health`. `names` are what the kind's assertions may speak of,
    `metrics` what it can supply to a playbook's thresholds.
    """

    names: ClassVar[frozenset[str]] = frozenset()
    metrics: ClassVar[frozenset[str]] = frozenset()
    for_others: ClassVar[ForOthers] = ForOthers.IF_ALLOWED
    #: Settings that name files and folders of the workspace; a relative one is taken from there.
    files: ClassVar[frozenset[str]] = frozenset({"ca"})
    #: What a probe of this kind asserts that has no `assert` of its own.
    unless_asserted: ClassVar[tuple[str, ...]] = ()

    def prepare(self, probe: BoundProbe, context: ProbeContext) -> Check:
        """The check of `probe`, whose settings these are: what can be made ready is, and nothing is connected to.

        Raises ValueError or DrillsError, in one line, for settings that cannot be used. That of an included kind is in
        `drills/probing/kinds/KIND/probe.py` (`-` in a kind is `_` there): checking files loads neither a database's
        driver nor libcurl.
        """
        folder = probe.spec.kind.replace("-", "_")
        check: Check = import_module(f"drills.probing.kinds.{folder}.probe").prepare(probe, context)
        return check

    @classmethod
    def supplied_by(cls, settings: Mapping[str, Any]) -> frozenset[str]:  # noqa: ARG003 - of kinds that ask for it
        """Which of `metrics` a probe with these settings, as they are written, supplies."""
        return cls.metrics

    @property
    def here_only(self) -> str:
        """What of these settings is of the machine that checks, so that no other one may be asked for it; or empty."""
        return ""


def is_filled(text: str) -> bool:
    """Whether the text contains no address of the sandbox: only then can it be checked."""
    return "${" not in text
