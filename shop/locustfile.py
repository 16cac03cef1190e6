"""The shop's customers, as their browsers see it. Each task is one request, named after its route. `drills` paces them;
under Locust by itself each makes one request per second.

At 20 users and one request per user and second, each route is asked at least 1.5 times a second, receipts once.
"""

from __future__ import annotations

import random
import time
from collections import deque
from typing import Any

from locust import HttpUser, constant_throughput, task

#: Customers and products that the shop's seed data has for certain.
CUSTOMERS = 3000
PRODUCTS = 1000
WORDS = ("lamp", "chair", "desk", "kettle", "oak", "basket", "towel", "copper")

#: The site whose pages ask; a browser keeps answers from it that do not allow it.
ORIGIN = "https://www.shop.test"
#: How old an order is when its customer looks for the receipt, in seconds.
RECEIPT_AFTER = 4.0


class Customer(HttpUser):
    wait_time = constant_throughput(1)

    def on_start(self) -> None:
        self.number = random.randint(1, CUSTOMERS)
        self.token: str | None = None
        #: When each order was placed, and its number, the oldest first.
        self.placed: deque[tuple[float, int]] = deque(maxlen=8)

    def ask(self, method: str, path: str, name: str, **options: Any) -> Any:
        """The answer as far as a browser gives it to the page: its JSON, or None. 401 ends the session."""
        headers = {"Origin": ORIGIN, **options.pop("headers", {})}
        with self.client.request(method, path, name=name, headers=headers, catch_response=True, **options) as answer:
            if answer.status_code == 0:
                answer.failure(type(answer.error).__name__)  # Without its text, which is another each time.
            elif answer.status_code == 401 and "Authorization" in headers:
                self.token = None
                answer.success()  # Asked to log in again, as people are now and then.
            elif answer.ok and answer.headers.get("Access-Control-Allow-Origin") not in (ORIGIN, "*"):
                answer.failure("kept from the page: no Access-Control-Allow-Origin")
            elif answer.ok:
                return answer.json()
        return None

    @task(10)
    def home(self) -> None:
        self.ask("GET", "/", "home")

    @task(8)
    def search(self) -> None:
        self.ask("GET", "/search", "search", params={"q": random.choice(WORDS)})

    @task(10)
    def orders(self) -> None:
        self.ask("GET", "/orders", "orders", params={"customer": random.randint(1, CUSTOMERS)})

    @task(4)
    def login(self) -> None:
        self.number = random.randint(1, CUSTOMERS)
        body = {"user": f"customer{self.number}", "password": f"drill-{self.number}"}
        answer = self.ask("POST", "/login", "login", json=body)
        self.token = answer["token"] if answer else None

    @task(6)
    def checkout(self) -> None:
        """With the session, or as a guest before the first login."""
        items = [random.randint(1, PRODUCTS) for _ in range(random.randint(1, 4))]
        session = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        body = {"customer": self.number, "items": items}
        answer = self.ask("POST", "/checkout", "checkout", json=body, headers=session)
        if answer:
            self.placed.append((time.monotonic(), answer["order"]))

    @task(4)
    def receipt(self) -> None:
        """Of the last order that is old enough; the home page when there is none yet."""
        since = time.monotonic() - RECEIPT_AFTER
        ready = [order for at, order in self.placed if at <= since]
        if ready:
            self.ask("GET", "/receipt", "receipt", params={"order": ready[-1]})
        else:
            self.home()
