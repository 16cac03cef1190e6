"""The shop's customers. Each task is one request, named after its route; `drills` paces them (no wait_time needed).

At 20 users and one request per user and second, each route is asked at least 1.5 times a second.
"""

from __future__ import annotations

import random

from locust import HttpUser, task

#: Customers and products that the shop's seed data has for certain.
CUSTOMERS = 3000
PRODUCTS = 1000
WORDS = ("lamp", "chair", "desk", "kettle", "oak", "basket", "towel", "copper")


class Customer(HttpUser):
    def customer(self) -> int:
        return random.randint(1, CUSTOMERS)

    @task(6)
    def home(self) -> None:
        self.client.get("/", name="home")

    @task(4)
    def search(self) -> None:
        self.client.get("/search", params={"q": random.choice(WORDS)}, name="search")

    @task(5)
    def orders(self) -> None:
        self.client.get("/orders", params={"customer": self.customer()}, name="orders")

    @task(2)
    def login(self) -> None:
        number = self.customer()
        body = {"user": f"customer{number}", "password": f"drill-{number}"}
        self.client.post("/login", json=body, name="login")

    @task(3)
    def checkout(self) -> None:
        items = [random.randint(1, PRODUCTS) for _ in range(random.randint(1, 4))]
        self.client.post("/checkout", json={"customer": self.customer(), "items": items}, name="checkout")
