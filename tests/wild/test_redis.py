"""Redis accounts as people set them up: what each lets the probe see."""

from __future__ import annotations

import asyncio
import re

import pytest
import redis

from tests.probing.checking import run_probe
from tests.probing.conftest import Server
from tests.wild.cases import Case, cases_of


@pytest.mark.parametrize("case", cases_of("redis"))
def test_what_an_account_may_not_do_is_not_taken_for_a_server_that_is_down(case: Case, cache: Server) -> None:
    given = case.given
    with redis.Redis.from_url(cache.url) as client:
        client.execute_command("ACL", "SETUSER", "mon", *given["acl"].split())
        client.execute_command("ACL", "SETUSER", "default", given.get("default", "on"))
    place = cache.url.removeprefix("redis://").partition("/")[0]
    url = f"redis://{given['user']}@{place}/{given.get('database', 0)}"
    checked = asyncio.run(run_probe("redis", {"url": url}, asserts=given.get("asserts", [])))
    assert checked.outcome == case.right["outcome"], checked.reason
    assert re.search(case.right.get("reason", "^$"), checked.reason)
