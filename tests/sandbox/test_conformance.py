"""What every driver promises (`drills.sandbox.protocol`); run against each by the fixture's parameters."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import httpx
import psycopg
import pytest

from drills.errors import BadInput, EnvironmentFailed
from drills.sandbox.protocol import Capability, Link, Running, Sandbox, Service, Toxic


def get(sandbox: Sandbox, path: str, timeout: float = 15) -> httpx.Response:
    return httpx.get(f"{sandbox.addresses['app']}{path}", timeout=timeout, trust_env=False)


def status_of(sandbox: Sandbox, service: str) -> Running:
    return next(status.running for status in sandbox.services() if status.name == service)


def eventually(holds: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def ready(sandbox: Sandbox) -> bool:
    try:
        return get(sandbox, "/ready").status_code == 200
    except httpx.HTTPError:
        return False


def test_it_names_an_address_for_every_service_and_answers_there(sandbox: Sandbox) -> None:
    assert {"app", "database", "cache", "external-api", "toxiproxy", "state"} <= sandbox.addresses.keys()
    assert sandbox.is_up()
    assert all(well for well, _said in sandbox.health().values())
    with psycopg.connect(sandbox.addresses["database"]) as connection:
        assert connection.execute("SELECT count(*) > 100000 FROM orders").fetchone() == (True,)


def test_it_can_do_what_faults_may_need_or_says_why_not(sandbox: Sandbox) -> None:
    assert sandbox.capabilities | sandbox.unavailable.keys() == frozenset(Capability)
    assert not sandbox.capabilities & sandbox.unavailable.keys()
    assert all(sandbox.unavailable.values()), "each with its reason"


def test_asking_for_what_already_is_changes_nothing(sandbox: Sandbox) -> None:
    before = [status.pids for status in sandbox.services() if status.name != Service.DATABASE]
    sandbox.up()
    for service in Service:
        sandbox.start(service)
        sandbox.resume(service)
    sandbox.deploy("1.1.0")
    sandbox.set({"pool_size": sandbox.settings()["pool_size"]})
    sandbox.scale(2)
    assert [status.pids for status in sandbox.services() if status.name != Service.DATABASE] == before


@pytest.mark.parametrize("service", list(Service))
def test_a_killed_service_stays_dead_until_it_is_started(sandbox: Sandbox, service: Service) -> None:
    sandbox.kill(service)
    assert status_of(sandbox, service) is Running.DOWN
    sandbox.start(service)
    assert status_of(sandbox, service) is Running.UP
    assert eventually(lambda: ready(sandbox))


@pytest.mark.parametrize("service", list(Service))
def test_a_paused_service_answers_nothing_until_it_is_resumed(sandbox: Sandbox, service: Service) -> None:
    sandbox.pause(service)
    assert status_of(sandbox, service) is Running.PAUSED
    sandbox.resume(service)
    assert status_of(sandbox, service) is Running.UP
    assert eventually(lambda: ready(sandbox))


def test_a_paused_database_fails_a_statement_by_its_deadline(sandbox: Sandbox) -> None:
    sandbox.pause(Service.DATABASE)
    with pytest.raises(EnvironmentFailed, match="does not answer"):
        sandbox.sql("SELECT 1", timeout=1)
    sandbox.resume(Service.DATABASE)


def test_a_statement_that_takes_too_long_is_cut_by_its_deadline(sandbox: Sandbox) -> None:
    with pytest.raises(EnvironmentFailed, match=r"within 0\.3 s"):
        sandbox.sql("SELECT pg_sleep(20)", timeout=0.3)


def test_a_stopped_database_ends_orderly_and_restarts_with_its_rows(sandbox: Sandbox) -> None:
    sandbox.sql("INSERT INTO orders (customer_id, status, total_cents) VALUES (1, 'paid', 4711)")
    sandbox.stop(Service.DATABASE)
    sandbox.start(Service.DATABASE)
    assert sandbox.sql("SELECT count(*) FROM orders WHERE total_cents = 4711")[1][0][0] >= 1
    assert any("database system is shut down" in line for line in sandbox.logs("database"))


def test_all_services_restart_on_the_addresses_they_had(sandbox: Sandbox) -> None:
    before = dict(sandbox.addresses)
    sandbox.restart()
    assert sandbox.addresses == before
    assert ready(sandbox)


def test_an_unknown_service_link_release_or_setting_is_bad_input_that_names_the_known_ones(sandbox: Sandbox) -> None:
    with pytest.raises(BadInput, match=r"databse.*did you mean database"):
        sandbox.stop("databse")
    with pytest.raises(BadInput, match=r"app-db.*app-database"):
        sandbox.set_link("app-db", enabled=False)
    with pytest.raises(BadInput, match=r"9\.9.*1\.0\.0"):
        sandbox.deploy("9.9")
    with pytest.raises(BadInput, match=r"poolsize.*pool_size"):
        sandbox.set({"poolsize": "3"})
    with pytest.raises(BadInput, match="pool_size must be a whole number from 1 to 50"):
        sandbox.set({"pool_size": "many"})
    with pytest.raises(BadInput, match="replicas"):
        sandbox.scale(-1)


def test_a_deployed_release_serves_and_rolling_back_goes_further_back_each_time(sandbox: Sandbox) -> None:
    sandbox.deploy("1.2.0")
    assert get(sandbox, "/version").json()["version"] == "1.2.0"
    listed = sandbox.releases()
    assert (listed[0].version, listed[0].current) == ("1.2.0", True)
    assert sandbox.rollback() == "1.1.0"
    assert get(sandbox, "/version").json()["version"] == "1.1.0"
    assert sandbox.rollback() == "1.0.0", "and not to the bad release again"
    with pytest.raises(BadInput, match=r"no release ran before 1\.0\.0"):
        sandbox.rollback()


def test_a_release_can_be_deployed_while_the_database_is_down(sandbox: Sandbox) -> None:
    sandbox.kill(Service.DATABASE)
    sandbox.deploy("1.0.0")
    assert get(sandbox, "/version").json()["version"] == "1.0.0"
    assert get(sandbox, "/ready").status_code == 503


def test_a_release_can_be_deployed_over_an_app_that_hangs(sandbox: Sandbox) -> None:
    sandbox.pause(Service.APP)
    sandbox.deploy("1.0.0")
    assert get(sandbox, "/version").json()["version"] == "1.0.0"


def test_the_app_scales_to_nothing_and_back(sandbox: Sandbox) -> None:
    sandbox.scale(0)
    with pytest.raises(httpx.TransportError):
        get(sandbox, "/health")
    sandbox.scale(3)
    assert get(sandbox, "/health").status_code == 200
    assert next(status.replicas for status in sandbox.services() if status.name == Service.APP) == 3


def test_a_setting_takes_effect_when_it_is_set(sandbox: Sandbox) -> None:
    assert "x-degraded" not in get(sandbox, "/").headers
    sandbox.set({"recommendations": "off"})
    assert get(sandbox, "/").headers["x-degraded"] == "recommendations"


def test_a_cut_link_fails_what_depends_on_it_and_nothing_else(sandbox: Sandbox) -> None:
    sandbox.set_link(Link.APP_CACHE, enabled=False)
    assert get(sandbox, "/ready").json()["checks"] == {"database": True, "cache": False}
    assert sandbox.redis("PING") in (True, "PONG")
    sandbox.set_link(Link.APP_CACHE, enabled=True)
    assert eventually(lambda: ready(sandbox))


def test_a_toxic_slows_a_link_until_it_is_removed(sandbox: Sandbox) -> None:
    sandbox.add_toxic(Link.APP_EXTERNAL_API, Toxic("slow", "latency", attributes={"latency": 400, "jitter": 0}))
    assert get(sandbox, "/").elapsed > timedelta(seconds=0.4)
    assert [toxic.name for link in sandbox.links() for toxic in link.toxics] == ["slow"]
    sandbox.remove_toxic(Link.APP_EXTERNAL_API, "slow")
    sandbox.remove_toxic(Link.APP_EXTERNAL_API, "slow")
    assert not [toxic for link in sandbox.links() for toxic in link.toxics]


def test_logs_can_be_searched_by_time_and_by_pattern(sandbox: Sandbox) -> None:
    get(sandbox, "/orders?customer=nobody")
    found = sandbox.logs(Service.APP, since=timedelta(minutes=1), grep='"path":"/orders".*"status":400')
    assert found
    assert "customer: a whole number" in found[-1]
    assert not sandbox.logs(Service.APP, since=timedelta(seconds=-60))
    with pytest.raises(BadInput, match="grep"):
        sandbox.logs(Service.APP, grep="(")


def test_a_refused_statement_or_command_is_the_users_mistake(sandbox: Sandbox) -> None:
    with pytest.raises(BadInput, match='relation "nothing" does not exist'):
        sandbox.sql("SELECT * FROM nothing")
    with pytest.raises(BadInput, match="refuses"):
        sandbox.redis("NONSENSE")


def test_restoring_mends_everything_that_a_drill_may_change(sandbox: Sandbox) -> None:
    before = sandbox.fingerprint()
    sandbox.deploy("1.2.0")
    sandbox.set({"webhook_secret": "another-secret"})
    sandbox.scale(1)
    sandbox.sql("DROP INDEX orders_customer_idx")
    sandbox.sql("CREATE INDEX stray_idx ON orders (total_cents)")
    sandbox.sql("ALTER ROLE shop CONNECTION LIMIT 1")
    sandbox.sql("ALTER ROLE shop SET statement_timeout = '1ms'")
    sandbox.sql("CREATE ROLE intruder LOGIN")
    sandbox.sql("ALTER DATABASE shop SET default_transaction_read_only = on")
    sandbox.sql("ALTER SYSTEM SET max_connections = 12")
    sandbox.redis("CONFIG", "SET", "maxmemory", "1000000")
    sandbox.add_toxic(Link.APP_DATABASE, Toxic("slow", "latency", attributes={"latency": 50, "jitter": 0}))
    sandbox.set_link(Link.APP_CACHE, enabled=False)
    sandbox.restart(Service.DATABASE)
    sandbox.kill(Service.CACHE)
    sandbox.pause(Service.DATABASE)
    assert sandbox.restore(before)
    assert sandbox.fingerprint().differences(before) == ()
    assert eventually(lambda: ready(sandbox))
    assert sandbox.restore(before) == ()


def test_a_restored_release_keeps_its_date_of_deployment(sandbox: Sandbox) -> None:
    before, listed = sandbox.fingerprint(), {each.version: each for each in sandbox.releases()}
    sandbox.deploy("1.2.0")
    sandbox.restore(before)
    restored = {each.version: each for each in sandbox.releases()}
    # What was deployed only in between has no date any more; another test may have deployed it before.
    assert [restored[version] for version in ("1.0.0", "1.1.0")] == [listed[version] for version in ("1.0.0", "1.1.0")]
    assert restored["1.2.0"].deployed_at is None


def test_an_index_that_was_left_half_made_shows_and_is_mended(sandbox: Sandbox) -> None:
    before = sandbox.fingerprint()
    with pytest.raises(BadInput):
        sandbox.sql("CREATE UNIQUE INDEX CONCURRENTLY half_idx ON orders (customer_id)")
    assert any("invalid_indexes.half_idx" in line for line in sandbox.fingerprint().differences(before))
    sandbox.restore(before)
    assert sandbox.fingerprint().differences(before) == ()
