"""What every driver promises (`drills.sandbox.sandbox`); run against each by the fixture's parameters."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import httpx
import psycopg
import pytest
from dns.message import Message

from drills.errors import BadInput, EnvironmentFailed
from drills.included_shop.names import Link, Service
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.links import Toxic
from drills.sandbox.capabilities.services import Running, ServiceStatus
from drills.sandbox.fingerprint import Fingerprint
from drills.sandbox.http_answers import check_securely
from drills.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.slow


def get(sandbox: Sandbox, path: str, timeout: float = 15) -> httpx.Response:
    return httpx.get(f"{sandbox.addresses['app']}{path}", timeout=timeout, trust_env=False)


def status_of(sandbox: Sandbox, service: str) -> Running:
    return next(status.running for status in sandbox.services.list() if status.name == service)


def eventually(holds: Callable[[], bool], seconds: float = 30) -> bool:
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
    named = {"app", "app-direct", "edge", "edge-address", "dns", "ca", "database", "cache", "external-api", "toxiproxy"}
    assert named | {"state"} <= sandbox.addresses.keys()
    assert sandbox.is_up()
    assert all(well for well, _said in sandbox.health().values())
    with psycopg.connect(sandbox.addresses["database"]) as connection:
        assert connection.execute("SELECT count(*) > 100000 FROM orders").fetchone() == (True,)


def test_it_can_do_what_faults_may_need_or_says_why_not(sandbox: Sandbox) -> None:
    assert sandbox.capabilities | sandbox.unavailable.keys() == frozenset(Capability)
    assert not sandbox.capabilities & sandbox.unavailable.keys()
    assert all(sandbox.unavailable.values()), "each with its reason"


def test_asking_for_what_already_is_changes_nothing(sandbox: Sandbox) -> None:
    before = [status.pids for status in sandbox.services.list() if status.name != Service.DATABASE]
    sandbox.up()
    for service in Service:
        sandbox.services.start(service)
        sandbox.services.resume(service)
    sandbox.releases.deploy("1.1.0")
    sandbox.settings.set({"pool_size": sandbox.settings.values()["pool_size"]})
    sandbox.replicas.scale(2)
    assert [status.pids for status in sandbox.services.list() if status.name != Service.DATABASE] == before


@pytest.mark.parametrize("service", list(Service))
def test_a_killed_service_stays_dead_until_it_is_started(sandbox: Sandbox, service: Service) -> None:
    sandbox.services.kill(service)
    assert status_of(sandbox, service) is Running.DOWN
    sandbox.services.start(service)
    assert status_of(sandbox, service) is Running.UP
    assert eventually(lambda: ready(sandbox))


@pytest.mark.parametrize("service", list(Service))
def test_a_paused_service_answers_nothing_until_it_is_resumed(sandbox: Sandbox, service: Service) -> None:
    sandbox.services.pause(service)
    assert status_of(sandbox, service) is Running.PAUSED
    sandbox.services.resume(service)
    assert status_of(sandbox, service) is Running.UP
    assert eventually(lambda: ready(sandbox))


def test_a_paused_database_fails_a_statement_by_its_deadline(sandbox: Sandbox) -> None:
    sandbox.services.pause(Service.DATABASE)
    with pytest.raises(EnvironmentFailed, match="does not answer"):
        sandbox.database.sql("SELECT 1", timeout=1)
    sandbox.services.resume(Service.DATABASE)


def test_a_statement_that_takes_too_long_is_cut_by_its_deadline(sandbox: Sandbox) -> None:
    with pytest.raises(EnvironmentFailed, match=r"within 0\.3 s"):
        sandbox.database.sql("SELECT pg_sleep(20)", timeout=0.3)


def test_a_stopped_database_ends_orderly_and_restarts_with_its_rows(sandbox: Sandbox) -> None:
    sandbox.database.sql("INSERT INTO orders (customer_id, status, total_cents) VALUES (1, 'paid', 4711)")
    sandbox.services.stop(Service.DATABASE)
    sandbox.services.start(Service.DATABASE)
    assert sandbox.database.sql("SELECT count(*) FROM orders WHERE total_cents = 4711")[1][0][0] >= 1
    assert any("database system is shut down" in line for line in sandbox.services.logs("database"))


def test_all_services_restart_on_the_addresses_they_had(sandbox: Sandbox) -> None:
    before = dict(sandbox.addresses)
    sandbox.services.restart()
    assert sandbox.addresses == before
    assert ready(sandbox)


def test_an_unknown_service_link_release_or_setting_is_bad_input_that_names_the_known_ones(sandbox: Sandbox) -> None:
    with pytest.raises(BadInput, match=r"databse.*did you mean database"):
        sandbox.services.stop("databse")
    with pytest.raises(BadInput, match=r"app-db.*app-database"):
        sandbox.links.set("app-db", enabled=False)
    with pytest.raises(BadInput, match=r"9\.9.*1\.0\.0"):
        sandbox.releases.deploy("9.9")
    with pytest.raises(BadInput, match=r"poolsize.*pool_size"):
        sandbox.settings.set({"poolsize": "3"})
    with pytest.raises(BadInput, match="pool_size must be a whole number from 1 to 50"):
        sandbox.settings.set({"pool_size": "many"})
    with pytest.raises(BadInput, match="replicas"):
        sandbox.replicas.scale(-1)


def test_a_deployed_release_serves_and_rolling_back_goes_further_back_each_time(sandbox: Sandbox) -> None:
    sandbox.releases.deploy("1.2.0")
    assert get(sandbox, "/version").json()["version"] == "1.2.0"
    listed = sandbox.releases.list()
    assert (listed[0].version, listed[0].current) == ("1.2.0", True)
    assert sandbox.releases.rollback() == "1.1.0"
    assert get(sandbox, "/version").json()["version"] == "1.1.0"
    assert sandbox.releases.rollback() == "1.0.0", "and not to the bad release again"
    with pytest.raises(BadInput, match=r"no release ran before 1\.0\.0"):
        sandbox.releases.rollback()


def test_a_release_can_be_deployed_while_the_database_is_down(sandbox: Sandbox) -> None:
    sandbox.services.kill(Service.DATABASE)
    sandbox.releases.deploy("1.0.0")
    assert get(sandbox, "/version").json()["version"] == "1.0.0"
    assert get(sandbox, "/ready").status_code == 503


def test_a_release_can_be_deployed_over_an_app_that_hangs(sandbox: Sandbox) -> None:
    sandbox.services.pause(Service.APP)
    sandbox.releases.deploy("1.0.0")
    assert get(sandbox, "/version").json()["version"] == "1.0.0"


def test_the_app_scales_to_nothing_and_back(sandbox: Sandbox) -> None:
    sandbox.replicas.scale(0)
    with pytest.raises(httpx.TransportError):
        get(sandbox, "/health")
    sandbox.replicas.scale(3)
    assert get(sandbox, "/health").status_code == 200
    assert next(status.replicas for status in sandbox.services.list() if status.name == Service.APP) == 3


def test_a_setting_takes_effect_when_it_is_set(sandbox: Sandbox) -> None:
    assert "x-degraded" not in get(sandbox, "/").headers
    sandbox.settings.set({"recommendations": "off"})
    assert get(sandbox, "/").headers["x-degraded"] == "recommendations"


def test_a_cut_link_fails_what_depends_on_it_and_nothing_else(sandbox: Sandbox) -> None:
    sandbox.links.set(Link.APP_CACHE, enabled=False)
    assert get(sandbox, "/ready").json()["checks"] == {"database": True, "cache": False}
    assert sandbox.cache.command("PING") in (True, "PONG")
    sandbox.links.set(Link.APP_CACHE, enabled=True)
    assert eventually(lambda: ready(sandbox))


def test_a_toxic_slows_a_link_until_it_is_removed(sandbox: Sandbox) -> None:
    sandbox.links.add_toxic(Link.APP_EXTERNAL_API, Toxic("slow", "latency", attributes={"latency": 400, "jitter": 0}))
    assert get(sandbox, "/").elapsed > timedelta(seconds=0.4)
    assert [toxic.name for link in sandbox.links.list() for toxic in link.toxics] == ["slow"]
    sandbox.links.remove_toxic(Link.APP_EXTERNAL_API, "slow")
    sandbox.links.remove_toxic(Link.APP_EXTERNAL_API, "slow")
    assert not [toxic for link in sandbox.links.list() for toxic in link.toxics]


def test_logs_can_be_searched_by_time_and_by_pattern(sandbox: Sandbox) -> None:
    get(sandbox, "/orders?customer=nobody")

    def found() -> Sequence[str]:
        return sandbox.services.logs(Service.APP, since=timedelta(minutes=1), grep='"path":"/orders".*"status":400')

    assert eventually(lambda: bool(found())), "a line may follow its answer by a moment"
    assert "customer: a whole number" in found()[-1]
    assert not sandbox.services.logs(Service.APP, since=timedelta(seconds=-60))
    one, other = (set(sandbox.services.logs(f"app/{number}")) for number in (1, 2))
    assert one
    assert other
    assert not one & other
    with pytest.raises(BadInput, match="app/1 to app/2"):
        sandbox.services.logs("app/3")
    with pytest.raises(BadInput, match="grep"):
        sandbox.services.logs(Service.APP, grep="(")


def test_a_refused_statement_or_command_is_the_users_mistake(sandbox: Sandbox) -> None:
    with pytest.raises(BadInput, match='relation "nothing" does not exist'):
        sandbox.database.sql("SELECT * FROM nothing")
    with pytest.raises(BadInput, match="refuses"):
        sandbox.cache.command("NONSENSE")


def test_restoring_mends_everything_that_a_drill_may_change(sandbox: Sandbox) -> None:
    before = sandbox.fingerprint()
    sandbox.releases.deploy("1.2.0")
    sandbox.settings.set({"webhook_secret": "another-secret"})
    sandbox.replicas.scale(1)
    sandbox.database.sql("DROP INDEX orders_customer_idx")
    sandbox.database.sql("CREATE INDEX stray_idx ON orders (total_cents)")
    sandbox.database.sql("ALTER ROLE shop CONNECTION LIMIT 1")
    sandbox.database.sql("ALTER ROLE shop SET statement_timeout = '1ms'")
    sandbox.database.sql("CREATE ROLE intruder LOGIN")
    sandbox.database.sql("ALTER DATABASE shop SET default_transaction_read_only = on")
    sandbox.database.sql("ALTER SYSTEM SET max_connections = 12")
    sandbox.cache.command("CONFIG", "SET", "maxmemory", "1000000")
    sandbox.links.add_toxic(Link.APP_DATABASE, Toxic("slow", "latency", attributes={"latency": 50, "jitter": 0}))
    sandbox.links.set(Link.APP_CACHE, enabled=False)
    sandbox.services.restart(Service.DATABASE)
    sandbox.services.kill(Service.CACHE)
    sandbox.services.pause(Service.DATABASE)
    assert sandbox.restore(before)
    assert sandbox.fingerprint().differences(before) == ()
    assert eventually(lambda: ready(sandbox))
    assert sandbox.restore(before) == ()


def test_what_was_deployed_and_rolled_back_since_is_forgotten_when_the_sandbox_is_restored(sandbox: Sandbox) -> None:
    before, listed = sandbox.fingerprint(), sandbox.releases.list()
    sandbox.releases.deploy("1.2.0")
    sandbox.restore(before)
    assert sandbox.releases.list() == listed
    # What a fault's own undo, or a responder, has put right leaves nothing to restore but its traces.
    sandbox.releases.deploy("1.2.0")
    sandbox.releases.rollback()
    assert sandbox.restore(before) == ()
    assert sandbox.releases.list() == listed
    assert sandbox.releases.rollback() == "1.0.0", "a responder went further back than before"
    sandbox.restore(before)
    assert sandbox.releases.list() == listed


#: Where each driver waits for new replicas to answer.
NEW_REPLICAS_ANSWER = {
    "local": "drills.included_shop.local.service_control.ServiceControl.await_ready",
    "compose": "drills.included_shop.compose.app_replicas.AppReplicas._await_ready",
}


@pytest.mark.parametrize(
    "change",
    [lambda sandbox: sandbox.releases.deploy("1.2.0"), lambda sandbox: sandbox.settings.set({"pool_size": "5"})],
    ids=["deploy", "set"],
)
def test_a_change_that_is_broken_off_while_new_replicas_start_leaves_the_old_ones_alone(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, change: Callable[[Sandbox], None]
) -> None:
    def break_off(*_: object) -> None:
        raise KeyboardInterrupt

    before = sandbox.fingerprint()
    with monkeypatch.context() as patched:
        patched.setattr(NEW_REPLICAS_ANSWER[sandbox.driver], break_off)
        with pytest.raises(KeyboardInterrupt):
            change(sandbox)
    assert sandbox.fingerprint() == before
    assert get(sandbox, "/version").json()["version"] == "1.1.0"


def test_an_index_that_was_left_half_made_shows_and_is_mended(sandbox: Sandbox) -> None:
    before = sandbox.fingerprint()
    with pytest.raises(BadInput):
        sandbox.database.sql("CREATE UNIQUE INDEX CONCURRENTLY half_idx ON orders (customer_id)")
    assert any("invalid_indexes.half_idx" in line for line in sandbox.fingerprint().differences(before))
    sandbox.restore(before)
    assert sandbox.fingerprint().differences(before) == ()


def through_the_edge(sandbox: Sandbox, path: str) -> tuple[int, str]:
    where = sandbox.addresses
    return check_securely(f"{where['edge']}{path}", where["edge-address"], Path(where["ca"]))


def app_status(sandbox: Sandbox) -> ServiceStatus:
    return next(status for status in sandbox.services.list() if status.name == Service.APP)


def pids_of_the_others(sandbox: Sandbox, *services: Service) -> dict[str, tuple[int, ...]]:
    """Without PostgreSQL's, whose children come and go."""
    return {
        status.name: status.pids
        for status in sandbox.services.list()
        if status.name not in (*services, Service.DATABASE)
    }


def test_the_edge_serves_the_app_over_tls_by_its_name_and_the_authority_of_the_sandbox(sandbox: Sandbox) -> None:
    status, said = through_the_edge(sandbox, "/version")
    assert (status, json.loads(said)["version"]) == (200, "1.1.0")
    with pytest.raises(ssl.SSLCertVerificationError), tls_of_a_stranger(sandbox) as stranger:
        stranger.do_handshake()
    assert httpx.get(f"{sandbox.addresses['app-direct']}/version", trust_env=False).status_code == 200


def tls_of_a_stranger(sandbox: Sandbox) -> ssl.SSLSocket:
    """A connection to the edge of somebody who does not know the sandbox's authority."""
    host, _, port = sandbox.addresses["edge-address"].rpartition(":")
    plain = socket.create_connection((host, int(port)), timeout=5)
    context = ssl.create_default_context()
    return context.wrap_socket(plain, server_hostname="shop.test", do_handshake_on_connect=False)


def test_an_expired_certificate_is_seen_at_once_by_who_was_connected_too_and_restored(sandbox: Sandbox) -> None:
    before = sandbox.fingerprint()
    assert sandbox.certificate.read().names == ("shop.test",)
    assert sandbox.certificate.read().issuer == "Sandbox CA"
    connection = ssl.create_default_context(cafile=sandbox.addresses["ca"]).wrap_socket(
        socket.create_connection(sandbox.addresses["edge-address"].rsplit(":", 1), timeout=5),
        server_hostname="shop.test",
    )
    with connection:
        connection.sendall(b"HEAD /health HTTP/1.1\r\nHost: shop.test\r\n\r\n")
        assert connection.recv(4096)
        sandbox.certificate.renew(timedelta(days=-1))
        assert eventually(lambda: not connection.recv(4096)), "an open connection ends, so that the new one is seen"
    assert through_the_edge(sandbox, "/health") == (0, "TLS: certificate has expired")
    assert sandbox.health()["edge"] == (False, "TLS: certificate has expired")
    assert sandbox.certificate.read().not_after < datetime.now(UTC)
    assert sandbox.fingerprint().differences(before) == ("certificate: expired → valid",)
    assert sandbox.changes.list(since=timedelta(minutes=5))[0].what.startswith("certificate of the edge replaced")
    sandbox.restore(before)
    assert through_the_edge(sandbox, "/health")[0] == 200


@pytest.mark.parametrize("ask", [dns.query.udp, dns.query.tcp])
def test_the_name_server_knows_the_shop_and_nothing_else(sandbox: Sandbox, ask: Callable[..., Message]) -> None:
    host, _, port = sandbox.addresses["dns"].rpartition(":")
    reply = ask(dns.message.make_query("shop.test", "A"), host, port=int(port), timeout=3)
    assert [str(each) for rrset in reply.answer for each in rrset] == ["127.0.0.1"]
    unknown = ask(dns.message.make_query("www.shop.test", "A"), host, port=int(port), timeout=3)
    assert unknown.rcode() == dns.rcode.NXDOMAIN


def test_a_setting_restarts_only_the_service_that_it_belongs_to(sandbox: Sandbox) -> None:
    others = pids_of_the_others(sandbox, Service.DNS)
    sandbox.settings.set({"public_address": ""})
    assert sandbox.health()["dns"] == (False, "shop.test: NXDOMAIN")
    sandbox.settings.set({"public_address": "127.0.0.1"})
    assert sandbox.health()["dns"] == (True, "shop.test is 127.0.0.1")
    assert pids_of_the_others(sandbox, Service.DNS) == others


def test_the_provider_is_told_its_settings_while_it_serves_and_has_them_after_a_crash(sandbox: Sandbox) -> None:
    def secret() -> str:
        answer = httpx.get(f"{sandbox.addresses['external-api']}/console/keys", trust_env=False)
        return str(answer.json()["webhook_secret"])

    before, pids = sandbox.fingerprint(), [status.pids for status in sandbox.services.list()]
    sandbox.settings.set({"provider_webhook_secret": "not-what-it-was"})
    assert secret() == "not-what-it-was"
    assert [status.pids for status in sandbox.services.list()] == pids
    sandbox.restore(before)
    assert secret() == before.states["settings"]["provider_webhook_secret"]
    sandbox.settings.set({"provider_webhook_secret": "not-what-it-was"})
    sandbox.services.kill(Service.EXTERNAL_API)
    sandbox.services.start(Service.EXTERNAL_API)
    assert secret() == "not-what-it-was"
    sandbox.restore(before)
    assert secret() == before.states["settings"]["provider_webhook_secret"]


def test_more_replicas_leave_a_frozen_one_frozen(sandbox: Sandbox) -> None:
    sandbox.services.pause("app/1")
    sandbox.replicas.scale(3)
    assert "app/1 is frozen" in next(status.detail for status in sandbox.services.list() if status.name == Service.APP)


def test_a_secret_is_told_neither_in_the_changes_nor_by_restoring(sandbox: Sandbox) -> None:
    before = sandbox.fingerprint()
    assert {"webhook_secret", "provider_webhook_secret"} <= sandbox.settings.secret
    sandbox.settings.set({"provider_webhook_secret": "not-what-it-was"})
    assert sandbox.changes.list()[0].what == "setting provider_webhook_secret changed"
    told = sandbox.restore(before)
    assert any("provider_webhook_secret" in line for line in told)
    assert not [
        line for line in told if "not-what-it-was" in line or before.states["settings"]["webhook_secret"] in line
    ]


def test_what_was_changed_is_told_the_newest_first_until_it_is_undone(sandbox: Sandbox) -> None:
    before, told = sandbox.fingerprint(), sandbox.changes.list()
    sandbox.releases.deploy("1.0.0")
    sandbox.settings.set({"pool_size": "4"})
    sandbox.settings.set({"pool_size": "4"})
    sandbox.replicas.scale(1)
    assert [change.what for change in sandbox.changes.list(since=timedelta(minutes=5))][:3] == [
        "app scaled from 2 to 1 replicas",
        "setting pool_size: 3 → 4",
        "release 1.0.0 deployed",
    ]
    sandbox.restore(before)
    assert sandbox.changes.list() == told, "the next responder is not led to a former drill"


def test_a_single_replica_is_ended_and_started_by_its_name(sandbox: Sandbox) -> None:
    before = sandbox.fingerprint()
    sandbox.services.kill("app/1")
    assert app_status(sandbox).running is Running.UP
    assert app_status(sandbox).detail == "1 of 2 run"
    assert sandbox.fingerprint().differences(before) == ("services.app: up: 1 of 2 run → up",)
    assert get(sandbox, "/health").status_code == 200
    sandbox.services.start("app/1")
    assert app_status(sandbox).detail == ""
    sandbox.services.restart("app/2")
    assert sandbox.fingerprint().differences(before) == ()


def test_a_frozen_replica_shows_until_it_is_resumed(sandbox: Sandbox) -> None:
    before = sandbox.fingerprint()
    sandbox.services.pause("app/1")
    assert app_status(sandbox).detail == "1 of 2 run, app/1 is frozen"
    assert sandbox.fingerprint().differences(before) == ("services.app: up: 1 of 2 run, app/1 is frozen → up",)
    sandbox.services.resume("app/1")
    assert sandbox.fingerprint().differences(before) == ()
    sandbox.services.pause("app/2")
    assert sandbox.restore(before)
    assert sandbox.fingerprint().differences(before) == ()


@pytest.mark.parametrize("name", ["app/0", "app/3", "app/", "app/one", "cache/1"])
def test_a_replica_that_cannot_be_is_bad_input(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(BadInput, match=f"there is no '{name}'"):
        sandbox.services.kill(name)


def test_every_service_tells_what_it_uses_and_its_limits(sandbox: Sandbox) -> None:
    stats = {each.name: each for each in sandbox.resources.stats()}
    assert set(stats) == set(Service)
    assert all(each.memory_bytes > 2**20 and each.pids >= 1 and each.cpu >= 0 for each in stats.values())
    app = stats[Service.APP]
    assert (app.replicas, app.memory_limit) == (2, 2 * 512 * 2**20)
    assert app.oom_kills == len(sandbox.services.logs(Service.APP, grep="out of memory")), (
        "all since the sandbox came up"
    )
    used, limit = stats[Service.DATABASE].disk_bytes, stats[Service.DATABASE].disk_limit
    assert used is not None
    assert used > 2**20
    assert (limit is not None) is (Capability.DISK in sandbox.capabilities)
    assert limit is None or limit > used


def test_the_app_is_given_more_memory_and_loses_it_when_restored(sandbox: Sandbox) -> None:
    before = sandbox.fingerprint()
    sandbox.resources.resize(Service.APP, memory_mb=768)
    assert next(each.memory_limit for each in sandbox.resources.stats() if each.name == Service.APP) == 2 * 768 * 2**20
    sandbox.restore(before)
    assert next(each.memory_limit for each in sandbox.resources.stats() if each.name == Service.APP) == 2 * 512 * 2**20


def test_a_service_that_is_given_one_core_says_so_until_it_is_restored(sandbox: Sandbox) -> None:
    before = sandbox.fingerprint()
    sandbox.resources.resize(Service.CACHE, cpus=1)
    limited = next(each.cpu_limit for each in sandbox.resources.stats() if each.name == Service.CACHE)
    assert limited in (1.0, None), "None on a machine of one core"
    sandbox.restore(before)
    assert sandbox.fingerprint().differences(before) == ()
    with pytest.raises(BadInput, match="cpus"):
        sandbox.resources.resize(Service.CACHE, cpus=0)
    with pytest.raises(BadInput, match="resize"):
        sandbox.resources.resize(Service.CACHE)


def test_what_version_0_1_kept_of_a_sandbox_is_restored(sandbox: Sandbox) -> None:
    before = sandbox.fingerprint()
    former = {**before.states, **before.history}
    sandbox.services.kill(Service.CACHE)
    sandbox.settings.set({"pool_size": "3"})
    assert sandbox.restore(Fingerprint.of_plan(former))
    assert sandbox.fingerprint() == before
