"""The users of a locustfile, made ready for a run. Runs in the subprocess only: it imports Locust."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

# Locust comes first among the foreign modules: it patches the standard library.
import locust  # isort: skip
from locust import HttpUser
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment
from locust.util.load_locustfile import load_locustfile

from drills.traffic.ledger import Ledger
from drills.traffic.name_server import ask_names_of
from drills.traffic.user import install, paced
from drills.traffic.wire import Plan


class Refused(Exception):
    """The locustfile cannot be used; the message says where and why."""


def load(path: str) -> list[type[Any]]:
    """The user classes of a locustfile. Raises Refused."""
    try:
        classes, _ = load_locustfile(path)
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
        line = error.lineno if isinstance(error, SyntaxError) else frames[-1].lineno if frames else None
        raise Refused(f"{path}:{line or 1}: {type(error).__name__}: {error}") from error
    users = [one for one in classes.values() if issubclass(one, HttpUser | FastHttpUser)]
    if not users:
        raise Refused(f"{path}: has no HttpUser or FastHttpUser with tasks; write `class Visitor(HttpUser)`")
    for user in users:
        if not user.tasks:
            raise Refused(f"{path}: {user.__name__} has no tasks; mark its methods with @task")
    return users


def environment_of(plan: Plan, ledger: Ledger) -> Environment:
    """Locust's environment with the plan's users, paced and recorded in the ledger. Raises Refused."""
    users = [paced(one, ledger, plan) for one in load(plan.locustfile)]
    if plan.dns is not None:
        ask_names_of(plan.dns)
    environment = Environment(
        user_classes=users,
        host=plan.base_url,
        events=locust.events,
        locustfile=Path(plan.locustfile).name,
        stop_timeout=plan.client_timeout,
    )
    install(environment, ledger)
    return environment
