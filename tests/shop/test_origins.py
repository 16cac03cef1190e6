from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from shop.origins import Origins
from tests.shop.in_process import client_of

OURS, OTHER = "https://www.shop.test", "https://elsewhere.test"
HEADER = "Access-Control-Allow-Origin"


@pytest.fixture
def browser() -> httpx.Client:
    routes = [
        Route("/", lambda _request: JSONResponse({"ok": True})),
        Route("/bad", lambda _request: JSONResponse({}, 503)),
    ]
    return client_of(Origins(Starlette(routes=routes), frozenset({OURS})))


@pytest.mark.parametrize(
    ("asked", "answered"), [({"Origin": OURS}, OURS), ({"Origin": OTHER}, None), ({"Origin": ""}, None), ({}, None)]
)
def test_only_pages_of_an_allowed_origin_may_read_an_answer(
    browser: httpx.Client, asked: dict[str, str], answered: str | None
) -> None:
    assert [browser.get(path, headers=asked).headers.get(HEADER) for path in ("/", "/bad")] == [answered, answered]


@pytest.mark.parametrize(("origin", "status"), [(OURS, 204), (OTHER, 403)])
def test_a_preflight_is_answered_by_whether_the_origin_is_allowed(
    browser: httpx.Client, origin: str, status: int
) -> None:
    answer = browser.options("/checkout", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
    assert answer.status_code == status
    assert ("POST" in answer.headers.get("Access-Control-Allow-Methods", "")) == (status == 204)
