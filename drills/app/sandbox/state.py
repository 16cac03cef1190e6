"""A sandbox's state, as a summary or whole; and taking it down."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from drills.app.access import Act, allowed
from drills.sandbox.text_table import text_table as text_table

if TYPE_CHECKING:
    from drills.app.context import Context
    from drills.sandbox.capabilities.services import ServiceStatus as ServiceStatus
    from drills.sandbox.fingerprint import Fingerprint
    from drills.sandbox.sandbox import Sandbox
    from drills.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class LinkShown:
    """A link as one may see it: `condition` says how it is disturbed, `detail` why it is not as one expects."""

    name: str
    condition: str
    listen: str
    upstream: str
    detail: str


@dataclass(frozen=True, slots=True)
class Overview:
    """A summary of a sandbox; `release` and `settings` are None where it has none. Secrets are named in `secret`."""

    services: Sequence[ServiceStatus]
    release: str | None
    settings: Mapping[str, str | None] | None
    secret: Collection[str]
    links: Sequence[LinkShown]


def overview(context: Context, sandbox: Sandbox) -> Overview:
    """The services, the release that runs (`none` when none does), the settings and the links."""
    from drills.sandbox.capabilities.capability import Capability

    able = sandbox.capabilities
    release = None
    if Capability.RELEASES in able:
        release = next((each.version for each in sandbox.releases.list() if each.current), "none")
    return Overview(
        services=sandbox.services.list(),
        release=release,
        settings=sandbox.settings.values() if Capability.SETTINGS in able else None,
        secret=sandbox.settings.secret if Capability.SETTINGS in able else (),
        links=shown_links(context, sandbox) if Capability.LINKS in able else (),
    )


def shown_links(context: Context, sandbox: Sandbox) -> Sequence[LinkShown]:
    """All links. In a blind drill they are only open or cut: that one is slow is for the responder to find out."""
    from drills.app.situations import on_sandbox
    from drills.sandbox.link_condition import condition

    sighted = allowed(context.caller, Act.READ_STATE, on_sandbox(context))
    return [
        LinkShown(each.name, condition(each, toxics=sighted), each.listen, each.upstream, each.detail)
        for each in sandbox.links.list()
    ]


def entrances(workspace: Workspace, sandbox: Sandbox) -> Sequence[str]:
    """The address at which users come in; where nothing says which that is, those of all web services."""
    addresses = sandbox.addresses
    if entrance := addresses.get(workspace.entrance() or ""):
        return (entrance,)
    # A database's address holds its password, and nobody opens it in a browser.
    reached = (addresses.get(name, "") for name in sandbox.service_names)
    return tuple(address for address in reached if address.startswith(("http:", "https:")))


def whole_state(context: Context, sandbox: Sandbox) -> dict[str, Any]:
    """The sandbox's state for comparison; of a secret its digest, which differs when the secret does.

    Raises NotAllowed while a blind drill runs, for a caller who may not know what is broken.
    """
    from drills.sandbox.known_secrets import KnownSecrets

    context.require_on_sandbox(Act.READ_STATE)
    return _comparable(sandbox.fingerprint(), KnownSecrets(sandbox).names)


def _comparable(fingerprint: Fingerprint, secret: Collection[str]) -> dict[str, Any]:
    settings = {
        name: f"sha256:{sha256(value.encode()).hexdigest()[:12]}" if name in secret else value
        for name, value in fingerprint.mapping("settings").items()
    }
    return {**fingerprint.states, **fingerprint.history, "settings": settings}


def take_down(context: Context, sandbox: Sandbox) -> None:
    """End everything that belongs to the sandbox, and nothing else.

    Raises NotAllowed, SandboxBusy while somebody holds it.
    """
    from drills.store.holder import hold
    from drills.workspace.sandbox import hold_project

    context.require_on_sandbox(Act.OPERATE)
    workspace = context.workspace
    name = workspace.config.sandbox.name
    with hold(workspace.state_dir, name, "drills sandbox down"), hold_project(workspace):
        sandbox.down()


def without_secrets(sandbox: Sandbox, text: str) -> str:
    """The text as it may be kept in a file: known secrets, and what looks like one, are masked."""
    from drills.masking.masking import mask
    from drills.sandbox.known_secrets import KnownSecrets

    return mask(text, KnownSecrets(sandbox)())
