"""`drills sandbox provider`: the console of a provider that really serves, as its customer sees it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import uvicorn

from shop.external_api import from_environment, make_app
from tests.cli.sandbox.shop_on_paper import ShopOnPaper
from tests.cli.sandbox.typing_in import printed, refused


class Shop(BaseHTTPRequestHandler):
    """Takes every webhook."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture(scope="module")
def callback() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/webhooks/payment"
        server.shutdown()


def written(book: Path, callback: str, *orders: int) -> None:
    """A book in which these orders were charged and the shop was told of none."""
    charges = [
        {"payment": f"pay_{turn}", "key": f"key-{turn}", "order": order, "total_cents": 990, "callback": callback}
        for turn, order in enumerate(orders)
    ]
    lines = [json.dumps({"charge": {**each, "at": "2026-11-21T14:00:00.000+00:00"}}) for each in charges]
    book.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


@contextmanager
def serving(book: Path, **settings: str) -> Iterator[str]:
    environment = {"SHOP_PROVIDER_BOOK": str(book), "SHOP_PROVIDER_IDENTITY_KEY": "an-identity-key", **settings}
    config = uvicorn.Config(make_app(from_environment(environment)), log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


@pytest.fixture
def orders(shop: ShopOnPaper, tmp_path: Path, callback: str) -> Iterator[None]:
    """A provider that charged orders 7 and 8, of which the shop knows nothing."""
    written(tmp_path / "book.jsonl", callback, 7, 8)
    with serving(tmp_path / "book.jsonl") as shop._addresses["external-api"]:
        yield


@pytest.mark.usefixtures("orders")
def test_webhooks_that_were_missed_are_sent_again_and_the_status_says_so() -> None:
    status = ("sandbox", "provider", "status")
    assert "webhooks undelivered                 2" in printed(*status)
    # Its log comes before, for it serves in this process.
    assert printed("sandbox", "provider", "replay")[-1] == "delivered 2  undelivered 0"
    assert "webhooks undelivered                 0" in printed(*status)


@pytest.mark.usefixtures("orders")
def test_one_key_is_printed_alone_for_a_commands_argument() -> None:
    assert printed("sandbox", "provider", "keys", "--only", "identity-key") == ["an-identity-key"]
    assert len(printed("sandbox", "provider", "keys")) == 2
    said = refused("sandbox", "provider", "keys", "--only", "identity")
    assert said.startswith("there is no key 'identity'; ")


@pytest.mark.usefixtures("orders")
def test_charges_of_one_order_are_listed_with_whether_the_shop_was_told() -> None:
    *_, charge, total = printed("sandbox", "provider", "charges", "--order", "8")
    assert charge.split()[0] == "8"
    assert charge.endswith("undelivered")
    assert total == "2 charges in all; orders charged twice: none"


def test_a_provider_that_limits_its_customers_says_that_it_is_degraded(shop: ShopOnPaper, tmp_path: Path) -> None:
    with serving(tmp_path / "book.jsonl", SHOP_PROVIDER_RATE_LIMIT="60") as shop._addresses["external-api"]:
        first, second, *_ = printed("sandbox", "provider", "status")
    assert first.split() == ["status", "degraded"]
    assert second.split(maxsplit=1) == ["because", "more than 60 recommendations a minute are refused"]
    with serving(tmp_path / "book.jsonl") as shop._addresses["external-api"]:
        assert printed("sandbox", "provider", "status")[0].split() == ["status", "operational"]


def test_an_order_that_was_charged_twice_is_named_and_ends_with_1(
    shop: ShopOnPaper, tmp_path: Path, callback: str
) -> None:
    written(tmp_path / "book.jsonl", callback, 7, 8, 7)
    with serving(tmp_path / "book.jsonl") as shop._addresses["external-api"]:
        *_, total = printed("sandbox", "provider", "charges", status=1)
    assert total == "3 charges in all; orders charged twice: 7"
