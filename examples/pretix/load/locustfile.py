"""Visitors of the festival's shop, as their browsers see it: they look, reserve a ticket, and go to the checkout."""

from __future__ import annotations

import random
import re
from typing import Any

from locust import HttpUser, constant_throughput, task

SHOP = "/harbour/festival/"
#: How often a browser asks whether a reservation is made, a second apart, before its user gives up.
PATIENCE = 8
#: After so many answers that it is not, its user counts each further one as a failure.
SOON = 3

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_PRODUCT = re.compile(r'name="(item_\d+)"')


class Visitor(HttpUser):
    wait_time = constant_throughput(1)

    def ask(self, method: str, path: str, name: str, must_have: str = "", **options: Any) -> str:
        """The page, or "" where the visitor did not get it."""
        with self.client.request(method, path, name=name, catch_response=True, **options) as answer:
            if answer.status_code == 0:
                answer.failure(type(answer.error).__name__)
            elif answer.ok and must_have in answer.text:
                return str(answer.text)
            elif answer.ok:
                answer.failure("another page than was asked for")
        return ""

    @task(3)
    def shop(self) -> None:
        """Somebody new."""
        self.client.cookies.clear()
        self.ask("GET", SHOP, "shop", "Day ticket")

    @task(2)
    def reserve(self) -> None:
        """As the page's script does it: the worker reserves, the page asks until it has, and the checkout begins."""
        self.client.cookies.clear()
        page = self.ask("GET", SHOP, "shop", "Day ticket")
        token, products = _TOKEN.search(page), _PRODUCT.findall(page)
        if token is None or not products:
            return
        order = {"csrfmiddlewaretoken": token[1], "subevent": "", random.choice(products): "1", "ajax": "1"}
        with self.client.post(f"{SHOP}cart/add", order, name="add to cart", catch_response=True) as answer:
            if not answer.ok:
                return
            reservation = answer.json()
        for asked in range(1, PATIENCE + 1):
            if self.is_reserved(reservation["check_url"], late=asked > SOON):
                self.ask("GET", SHOP, "cart", "Your cart")
                self.ask("GET", f"{SHOP}checkout/start", "checkout", "Checkout")
                return

    def is_reserved(self, path: str, *, late: bool) -> bool:
        """Asks once; `late`: that it is not yet reserved is a failure."""
        with self.client.get(path, name="reservation", catch_response=True) as answer:
            if not answer.ok:
                return False
            state = answer.json()
            if late and not state["ready"]:
                answer.failure("not yet reserved")
            elif state["ready"] and not state["success"]:
                answer.failure(state["message"])
        return bool(state["ready"] and state["success"])
