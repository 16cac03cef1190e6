"""Reads commands of our process from standard input and executes them. Runs in the subprocess only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from gevent.fileobject import FileObject


def _orders() -> Iterator[dict[str, Any]]:
    """Each order as it comes; ends when standard input does, that is with our process."""
    with FileObject(0, "rb", closefd=False) as lines:
        for text in lines:
            yield json.loads(text)


def obey(runner: Any, mark: Callable[[], None]) -> None:
    """Do what is ordered, with Locust's runner, until `stop` or until there is nobody left who orders."""
    for order in _orders():
        match order["say"]:
            case "change":
                runner.start(order["users"], spawn_rate=order["spawn_rate"])
            case "mark":
                mark()
            case "stop":
                return
