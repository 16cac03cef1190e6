"""People who share expenses, as their browsers see it: they come by an invitation, read bills and balances, and add."""

from __future__ import annotations

import itertools
import random
import re
from typing import Any

import requests
from locust import HttpUser, constant_throughput, task

PROJECTS = 5

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_MEMBER = re.compile(r'name="payed_for"[^>]*value="(\d+)"')
_numbers = itertools.count()


class Friend(HttpUser):
    wait_time = constant_throughput(1)

    def on_start(self) -> None:
        self.project = f"trip-{next(_numbers) % PROJECTS}"
        self.inside = False
        # An invitation comes by mail: that somebody made it is not part of the journey.
        credentials = (self.project, self.project.replace("trip", "drill"))
        answer = requests.get(f"{self.host}/api/projects/{self.project}/token", auth=credentials, timeout=10)
        answer.raise_for_status()
        self.invitation = f"/{self.project}/join/{answer.json()['token']}"

    def ask(self, method: str, path: str, name: str, must_have: str = "", **options: Any) -> str:
        """The page, or "" where they did not get it; whoever is asked for the code again comes by the invitation."""
        with self.client.request(method, path, name=name, catch_response=True, **options) as answer:
            if answer.status_code == 0:
                answer.failure(type(answer.error).__name__)
            elif answer.ok and must_have in answer.text:
                return str(answer.text)
            elif answer.ok:
                self.inside = False
                answer.failure("another page than was asked for")
        return ""

    @task(2)
    def come_in(self) -> None:
        """By the link of an invitation, with another browser, say."""
        self.client.cookies.clear()
        self.inside = "ferry" in self.ask("GET", self.invitation, "join", "ferry")

    @task(4)
    def bills(self) -> None:
        if not self.inside:
            return self.come_in()
        self.ask("GET", f"/{self.project}/", "bills", "ferry")
        return None

    @task(2)
    def statistics(self) -> None:
        if not self.inside:
            return self.come_in()
        self.ask("GET", f"/{self.project}/statistics", "statistics", "Cleo")
        return None

    @task(2)
    def add(self) -> None:
        """Open the form, and send it: two requests."""
        if not self.inside:
            return self.come_in()
        form = self.ask("GET", f"/{self.project}/add", "bill form", "csrf_token")
        token, members = _TOKEN.search(form), _MEMBER.findall(form)
        if token is not None and members:
            bill = {
                "csrf_token": token[1],
                "date": "2024-06-09",
                "what": "ferry back",
                "payer": members[0],
                "amount": str(random.randint(1, 50)),
                "original_currency": "XXX",
                "payed_for": members,
                "bill_type": "Expense",
            }
            self.ask("POST", f"/{self.project}/add", "add bill", "ferry back", data=bill)
        return None
