from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from shop.maintenance import Maintenance
from shop.partners import CUSTOMERS_ROUTE
from shop.releases import release_of
from shop.watching import Watched
from tests.shop.in_process import client_of


@pytest.fixture
def closed() -> httpx.Client:
    paths = ("/", "/checkout", CUSTOMERS_ROUTE, "/health", "/metrics")
    routes = [Route(path, lambda _request: JSONResponse({"ok": True})) for path in paths]
    return client_of(Watched(Maintenance(Starlette(routes=routes)), release_of("1.1.0")))


@pytest.mark.parametrize("path", ["/", "/checkout", CUSTOMERS_ROUTE])
def test_users_and_partners_are_turned_away(closed: httpx.Client, path: str) -> None:
    answer = closed.get(path)
    assert answer.status_code == 503
    assert "closed for maintenance" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/health", "/metrics"])
def test_the_operators_pages_answer_as_ever(closed: httpx.Client, path: str) -> None:
    assert closed.get(path).status_code == 200
