"""`drills sandbox provider`: the external API's console, as a customer of it sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from drills.errors import BadInput
from drills.nearest import suggest
from drills.sandbox.system import Answer, CommandGroup, Option, SystemCommand
from drills.sandbox.text_table import text_table

if TYPE_CHECKING:
    from drills.included_shop.provider_console import ProviderConsole
    from drills.sandbox.sandbox import Sandbox

Given = Mapping[str, str | int | None]
_COLUMNS = ("order", "payment", "total_cents", "at", "webhook")


def _console(sandbox: Sandbox) -> ProviderConsole:
    from drills.included_shop.provider_console import ProviderConsole  # with an HTTP client, for help texts too slow

    return ProviderConsole(sandbox.addresses["external-api"])


def _status(sandbox: Sandbox, _given: Given) -> Answer:
    return Answer([f"{name:<36} {value}" for name, value in _console(sandbox).status().items()])


def _keys(sandbox: Sandbox, given: Given) -> Answer:
    known, only = _console(sandbox).keys(), given["only"]
    if only is None:
        return Answer([f"{name:<16} {value}" for name, value in known.items()])
    if only not in known:
        raise BadInput(f"there is no key {only!r}; {suggest(str(only), known)}")
    return Answer([known[str(only)]])


def _charges(sandbox: Sandbox, given: Given) -> Answer:
    found = _console(sandbox).charges(cast("int | None", given["order"]))
    twice = ", ".join(str(each) for each in found.twice) or "none"
    return Answer(
        [
            *text_table(_COLUMNS, [[charge.get(name, "") for name in _COLUMNS] for charge in found.listed]),
            f"{found.count} charges in all; orders charged twice: {twice}",
        ],
        well=not found.twice,
    )


def _replay(sandbox: Sandbox, _given: Given) -> Answer:
    counts = _console(sandbox).replay()
    return Answer(["  ".join(f"{name} {count}" for name, count in counts.items())], well=not counts.get("undelivered"))


PROVIDER = CommandGroup(
    "provider",
    "The provider's console: its status, its keys, what it charged, and webhooks to send again.",
    (
        SystemCommand(
            "status",
            "Show what the provider says of itself, and of our requests.",
            "drills sandbox provider status",
            _status,
        ),
        SystemCommand(
            "keys",
            "Show the keys that the provider accepts and signs with now.",
            "drills sandbox provider keys --only identity-key",
            _keys,
            (Option("only", "Print this one alone, for a command's argument."),),
        ),
        SystemCommand(
            "charges",
            "List recent charges, and whether we were notified. Exit status 1 when an order was charged twice.",
            "drills sandbox provider charges --order 120001",
            _charges,
            (Option("order", "Only those of this order.", int),),
        ),
        SystemCommand(
            "replay",
            "Let the provider send again the webhooks that were not delivered. Exit status 1 when some still are not.",
            "drills sandbox provider replay",
            _replay,
            read_only=False,
        ),
    ),
)
