"""PostgreSQL and Redis probes beside the clients that people trust, on generated accounts and addresses.

What psql or redis-cli can do with a URL the probe can do too, and it fails for the same reason.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import redis

from drills.included_shop.local import postgres
from drills.model.probe import Outcome
from tests.free_ports import free_port
from tests.probing.checking import run_probe
from tests.probing.conftest import Server

PASSWORDS = {"plain": "secret-1", "odd": "p@ss:w/o?r#d%20", "blank": "two words", "umlaut": "schlüssel"}
#: Beside what is there: a database, a role, a password and a port that are not.
CHOICES = 40


def psql(url: str) -> subprocess.CompletedProcess[str]:
    """`SELECT 1` by the psql of the same package, without a prompt, files or variables of the user's."""
    program = postgres.binaries() / "psql"
    words = [str(program), "--no-psqlrc", "--no-password", "--tuples-only", "--no-align", "--dbname", url]
    environment = {"PGPASSFILE": "/dev/null/none", "PGCONNECT_TIMEOUT": "5", "LC_ALL": "C"}
    return subprocess.run(
        [*words, "--command", "SELECT 1"], env=environment, capture_output=True, text=True, timeout=30
    )


def why(said: str) -> str:
    """The reason that psql gives last, without what it says of the place; libpq's own words, or the server's."""
    (*_, reason) = said.strip().lower().split("failed: ")
    first = reason.splitlines()[0].removeprefix("fatal:").strip()
    return "connection refused" if first.startswith("connection refused") else first


@pytest.fixture
def guarded(database: Server) -> Iterator[Server]:
    """The server with roles that have passwords; all but `postgres` must give theirs. Put back afterwards."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        for name, password in PASSWORDS.items():
            connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'".encode())
        connection.execute('CREATE DATABASE "my db"')
        ((file,),) = connection.execute("SHOW hba_file").fetchall()
        before = Path(file).read_text(encoding="utf-8")
        Path(file).write_text(
            "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n", encoding="utf-8"
        )
        connection.execute("SELECT pg_reload_conf()")
    try:
        yield database
    finally:
        Path(file).write_text(before, encoding="utf-8")
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute('DROP DATABASE "my db"')
            for name in PASSWORDS:
                connection.execute(f"DROP ROLE {name}".encode())


def generated(port: int) -> list[str]:
    """URLs in a fixed order of chance; most have one thing wrong, some none, some several."""
    roles = [*PASSWORDS, "nobody", "postgres"]
    secrets = [*PASSWORDS.values(), "", "wrong"]
    databases = ["postgres", "my db", "none"]
    ports = [port, port, port, free_port()]
    # The psql of the package was built without TLS.
    modes = ["", "?sslmode=disable", "?application_name=watch"]
    every = list(itertools.product(roles, secrets, databases, ports, modes))
    right = [(name, password, "my db", port, "") for name, password in PASSWORDS.items()]
    chosen = right + random.Random(7).sample(every, CHOICES - len(right))
    return [
        f"postgresql://{role}:{quote(secret, safe='')}@127.0.0.1:{where}/{quote(name)}{mode}"
        for role, secret, name, where, mode in chosen
    ]


def test_a_postgres_probe_and_psql_agree_on_every_url(guarded: Server) -> None:
    port = int(guarded.url.rpartition(":")[2].partition("/")[0])
    agreed = {Outcome.PASS: 0, Outcome.FAIL: 0}
    for url in generated(port):
        checked, reference = asyncio.run(run_probe("postgres", {"url": url}, timeout="5s")), psql(url)
        assert (checked.outcome is Outcome.PASS) is (reference.returncode == 0), (url, checked.reason, reference.stderr)
        if reference.returncode:
            assert why(reference.stderr) in checked.reason.lower(), (url, checked.reason, reference.stderr)
        agreed[checked.outcome] += 1
    assert all(agreed.values()), "both outcomes were met"


@pytest.mark.skipif(shutil.which("redis-cli") is None, reason="redis-cli is not installed")
def test_a_redis_probe_and_redis_cli_agree_on_every_url(cache: Server) -> None:
    client = redis.Redis.from_url(cache.url)
    client.acl_setuser("watcher", enabled=True, passwords=["+p@ss w/rd"], commands=["+ping", "+info"])
    client.acl_setuser("pinger", enabled=True, passwords=["+secret"], commands=["+ping"])
    client.acl_setuser("mute", enabled=True, passwords=["+secret"], commands=["-@all"])
    client.acl_setuser("off", enabled=False, passwords=["+secret"], commands=["+@all"])
    client.acl_setuser("choosy", enabled=True, passwords=["+secret"], commands=["+ping", "+info", "+select"])
    port = int(cache.url.rpartition(":")[2].partition("/")[0])
    users = ["watcher", "pinger", "mute", "off", "choosy", "nobody", ""]
    for user, secret, number in itertools.product(users, ["p@ss w/rd", "secret", ""], ["", "0", "3", "99"]):
        account = f"{user}:{quote(secret, safe='')}@" if user or secret else ""
        url = f"redis://{account}127.0.0.1:{port}/{number}"
        checked = asyncio.run(run_probe("redis", {"url": url}))
        words = ["redis-cli", "--no-auth-warning", "-u", url, "PING"]
        said = subprocess.run(words, capture_output=True, text=True, timeout=30)
        # redis-cli prints the refusal of AUTH or SELECT and goes on; a probe that cannot log in as it was told fails.
        well = said.stdout.strip() == "PONG" and not said.stderr.strip()
        assert (checked.outcome is Outcome.PASS) is well, (url, checked.reason, said.stdout, said.stderr)
    client.close()
