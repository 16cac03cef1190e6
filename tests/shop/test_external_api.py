"""The provider as the shop and its operators meet it, and the shop's webhook route as the provider meets it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from shop.charges import ChargeBook
from shop.external import SIGNATURE_HEADER, signature
from shop.external_api import Provider, Terms, from_environment, make_app
from shop.webhooks import Replayed, Webhooks
from tests.shop.in_process import client_of

SECRET = "signing-secret"
CALLBACK = "http://127.0.0.1:1/webhooks/payment"


def console(limit: int = 0, book: ChargeBook | None = None) -> httpx.Client:
    terms = Terms(webhook_secret=SECRET, identity_key="identity-key", rate_limit=limit)
    return client_of(make_app(Provider(terms, book or ChargeBook(), payment_seconds=0)))


def test_a_rate_limit_says_when_to_try_again_and_leaves_health_and_payments_alone() -> None:
    provider = console(limit=1)
    assert provider.get("/recommendations").status_code == 200
    refused = provider.get("/recommendations")
    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
    assert provider.get("/health").json() == {"status": "operational"}
    assert provider.get("/console/status").json()["recommendations"] == {"limit_per_minute": 1, "refused": 1}
    asked = {"order": 1, "total_cents": 5, "callback": CALLBACK}
    assert provider.post("/payments", json=asked).status_code == 201


def test_an_identity_is_told_to_who_has_the_key_that_the_console_shows() -> None:
    provider = console()
    key = provider.get("/console/keys").json()["identity_key"]
    for given, status in ((key, 200), ("an-older-key", 401)):
        headers = {"Authorization": f"Bearer {given}"}
        assert provider.post("/identity", json={"user": "customer1"}, headers=headers).status_code == status


def test_a_payment_that_is_asked_for_twice_is_one_charge() -> None:
    provider = console()
    asked = {"order": 7, "total_cents": 990, "callback": CALLBACK}
    headers = {"Idempotency-Key": "7-1700000000"}
    answers = [provider.post("/payments", json=asked, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    charges = provider.get("/console/charges", params={"order": 7}).json()
    assert (charges["count"], charges["twice"], len(charges["charges"])) == (1, [], 1)


def test_the_provider_takes_its_settings_from_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    provider = client_of(make_app(from_environment({"SHOP_PROVIDER_IDENTITY_KEY": "another-key"})))
    assert provider.get("/console/keys").json()["identity_key"] == "another-key"
    with pytest.raises(ValueError, match="provider_rate_limit"):
        from_environment({"SHOP_PROVIDER_RATE_LIMIT": "many"})


class Shop:
    """Takes webhooks that are signed with its secret; `down` for so many requests first."""

    def __init__(self, secret: str, *, down: int = 0) -> None:
        self.secret = secret
        self.down = down
        self.paid: list[int] = []

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.down > 0:
            self.down -= 1
            raise httpx.ConnectError("refused")
        if signature(self.secret, request.content) != request.headers[SIGNATURE_HEADER]:
            return httpx.Response(401)
        self.paid.append(json.loads(request.content)["order"])
        return httpx.Response(200)


def test_refused_webhooks_are_kept_and_replayed_once_the_secrets_agree() -> None:
    book, shop = ChargeBook(), Shop("another-secret")
    webhooks = Webhooks(book, SECRET, shop.client(), waits=(0,))
    for order in (1, 2, 3):
        book.charge(f"order-{order}", order, 100, CALLBACK)

    async def play() -> list[Replayed]:
        refused = await webhooks.replay()
        shop.secret = SECRET
        return [refused, await webhooks.replay(), await webhooks.replay()]

    assert asyncio.run(play()) == [Replayed(0, 3), Replayed(3, 0), Replayed(0, 0)]
    assert shop.paid == [1, 2, 3]
    assert book.untold == []


def test_a_replay_tells_also_of_what_is_on_its_way_with_a_secret_of_before() -> None:
    book, shop = ChargeBook(), Shop("another-secret")
    webhooks = Webhooks(book, "a-secret-of-before", shop.client(), waits=(60,))
    charge, _ = book.charge("order-1", 1, 100, CALLBACK)

    async def play() -> Replayed:
        telling = webhooks.begin(charge)
        assert webhooks.on_its_way(charge)
        webhooks.secret = shop.secret
        replayed = await webhooks.replay()
        telling.cancel()
        return replayed

    assert asyncio.run(play()) == Replayed(1, 0)
    assert shop.paid == [1]


def test_a_replay_outlasts_a_shop_that_does_not_answer_for_a_moment() -> None:
    book, shop = ChargeBook(), Shop(SECRET, down=1)
    webhooks = Webhooks(book, SECRET, shop.client())
    book.charge("order-1", 1, 100, CALLBACK)
    assert asyncio.run(webhooks.replay()) == Replayed(1, 0)


def test_a_shop_that_is_down_for_a_moment_is_told_again_without_being_asked() -> None:
    book, shop = ChargeBook(), Shop(SECRET, down=2)
    webhooks = Webhooks(book, SECRET, shop.client(), waits=(0, 0, 0, 0))
    charge, _ = book.charge("order-1", 1, 100, CALLBACK)
    asyncio.run(webhooks.tell(charge))
    assert (shop.paid, book.untold) == ([1], [])


def test_a_refused_webhook_is_not_told_again_by_itself() -> None:
    book, shop = ChargeBook(), Shop("another-secret")
    webhooks = Webhooks(book, SECRET, shop.client(), waits=(0, 0))
    charge, _ = book.charge("order-1", 1, 100, CALLBACK)

    async def play() -> None:
        telling = webhooks.begin(charge)
        await telling
        shop.secret = SECRET

    asyncio.run(play())
    assert shop.paid == []
    assert book.untold == [charge]


def test_the_provider_changes_its_terms_while_it_serves() -> None:
    provider = console()
    changed = {**provider.get("/console/settings").json(), "SHOP_PROVIDER_IDENTITY_KEY": "another-key"}
    changed["SHOP_PROVIDER_RATE_LIMIT"] = "60"
    assert provider.put("/console/settings", json=changed).json() == changed
    assert provider.get("/console/settings").json() == changed
    assert provider.get("/console/keys").json()["identity_key"] == "another-key"
    asked = [provider.get("/recommendations").status_code for _ in range(3)]
    assert (asked[0], asked[-1]) == (200, 429)


@pytest.mark.parametrize("written", ['{"SHOP_PROVIDER_RATE_LIMIT": "many"}', "[]", "nonsense"])
def test_terms_of_no_use_change_nothing(written: str) -> None:
    provider = console()
    before = provider.get("/console/settings").json()
    assert provider.put("/console/settings", content=written).status_code == 400
    assert provider.get("/console/settings").json() == before
