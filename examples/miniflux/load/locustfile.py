"""Readers of Miniflux, as their browsers see it: they log in, list, search, read, and star."""

from __future__ import annotations

import itertools
import random
import re
from typing import Any

from locust import HttpUser, constant_throughput, task

READERS = 10
WORDS = ("lighthouse", "harbour", "ferry", "market", "library")

_TOKEN = re.compile(r'data-csrf-token="([^"]+)"')
_FORM_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
_ENTRY = re.compile(r'href="/unread/entry/(\d+)"')
_numbers = itertools.count()


class Reader(HttpUser):
    wait_time = constant_throughput(1)

    def on_start(self) -> None:
        self.number = next(_numbers) % READERS
        self.token = ""
        self.entries: list[str] = []

    def ask(self, method: str, path: str, name: str, must_have: str = "", **options: Any) -> str:
        """The page, or "" where the reader did not get it; a session that is gone is begun anew at the next request."""
        with self.client.request(method, path, name=name, catch_response=True, **options) as answer:
            if answer.status_code == 0:
                answer.failure(type(answer.error).__name__)
            elif answer.ok and must_have in answer.text:
                return str(answer.text)
            elif answer.ok:
                self.token = ""
                answer.failure("another page than was asked for")
        return ""

    def log_in(self) -> None:
        self.client.cookies.clear()
        form = _FORM_TOKEN.search(self.ask("GET", "/", "login page", 'name="csrf"'))
        if form is not None:
            credentials = {"username": f"reader{self.number}", "password": f"drill-{self.number}", "csrf": form[1]}
            self.remember(self.ask("POST", "/login", "login", "data-csrf-token", data=credentials))

    @task(1)
    def come_back(self) -> None:
        """With another browser, say. A page that is asked for at the start only could not be seen to recover."""
        self.log_in()

    def remember(self, page: str) -> None:
        if found := _TOKEN.search(page):
            self.token = found[1]
        self.entries = _ENTRY.findall(page) or self.entries

    @task(5)
    def unread(self) -> None:
        if not self.token:
            return self.log_in()
        return self.remember(self.ask("GET", "/unread", "unread", "/unread/entry/"))

    @task(2)
    def search(self) -> None:
        if not self.token:
            return self.log_in()
        self.ask("GET", "/search", "search", "/search/entry/", params={"q": random.choice(WORDS)})
        return None

    @task(4)
    def star(self) -> None:
        """As the page's script does it, with the token of the page."""
        if not self.token or not self.entries:
            return self.unread()
        path = f"/entry/star/{random.choice(self.entries)}"
        self.ask("POST", path, "star", headers={"X-Csrf-Token": self.token})
        return None

    @task(2)
    def feeds(self) -> None:
        if not self.token:
            return self.log_in()
        self.ask("GET", "/feeds", "feeds", "Town news")
        return None
