"""URLs of databases and caches: what is taken, what is refused, and that nothing of them gets into a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.errors import BadInput
from drills.probing.kinds.postgres.url import postgres_parameters
from drills.probing.kinds.redis.url import RedisAddress
from drills.probing.net.server_url import ServerUrl, host_and_port
from tests.probing.checking import probe

SECRET = "s3cr3t"


def test_a_url_is_taken_apart_and_decoded() -> None:
    read = ServerUrl.read("postgresql://an%40a:p%3Aw@[::1]:5433/a%20b?sslmode=require&options=-c%20a%3Db", "…")
    assert (read.scheme, read.user, read.password, read.host, read.port) == ("postgresql", "an@a", "p:w", "::1", 5433)
    assert (read.path, dict(read.parameters)) == ("a b", {"sslmode": "require", "options": "-c a=b"})
    assert ServerUrl.read("redis://:p@w@h", "…").password == "p@w"
    assert SECRET not in repr(ServerUrl.read(f"redis://:{SECRET}@h", "…"))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"host=h password={SECRET}", "is not a URL; write postgresql://"),
        (f"postgresql:/u:{SECRET}@h/d", "is not a URL"),
        (f"postgresql://u:{SECRET}/x@h/d", "has a port that is not a number from 1 to 65535; in a user's name"),
        (f"postgresql://u:{SECRET}?x@h/d", "has a port that is not a number"),
        (f"postgresql://u:1?{SECRET}@h/d", "has an '@' after its host; in a user's name or password"),
        (f"postgresql://u:1/{SECRET}@h/d", "has an '@' after its host"),
        (f"postgresql://u:{SECRET}%ff@h/d", "has percent-encoded bytes that are not UTF-8"),
        (f"postgresql://u:{SECRET}%00@h/d", "has a zero byte"),
        (f"postgresql://u:{SECRET}@h:0/d", "has a port that is not a number"),
        (f"postgresql://u:{SECRET}@h:99999999999/d", "has a port that is not a number"),
        (f"postgresql://u:{SECRET}@/d", "names no host"),
        (f"postgresql://u:{SECRET}@a,b/d", "names several hosts, and a probe watches one; write a probe for each"),
        (f"postgresql://u:{SECRET}@a:1,b:2/d", "has a port that is not a number"),
        (f"mysql://u:{SECRET}@h/d", "is not the URL of a PostgreSQL server"),
        (f"postgresql://u:{SECRET}@h/d?hostaddr=127.0.0.1", "has hostaddr, and a probe reads no stored secrets"),
        ("postgresql://u@h/d?passfile=/etc/x", "has passfile, and a probe reads no stored secrets; leave it out"),
        ("postgresql://u@h/d?service=x", "has service, and"),
        ("postgresql://u@h/d?sslcert=/x&sslkey=/y", "has sslcert, and"),
        ("postgresql://u@h/d?sslrootcert=/x", "has sslrootcert; write the file as the setting 'ca' instead"),
        ("postgresql://u@h/d?sslmode=yes", "has an unknown sslmode; write one of disable, "),
        (f"postgresql://u@h/d?{SECRET}=1", "has an unsupported parameter; supported are application_name, "),
        ("postgresql://u@h/d?host=a,b", "names several hosts"),
        ("postgresql://u@h/d?port=x", "has a port that is not a number"),
    ],
)
def test_a_database_url_that_cannot_be_used_is_refused_without_repeating_it(url: str, why: str) -> None:
    with pytest.raises(BadInput, match=r"^probe checked-at: postgres\.url: ") as said:
        probe("postgres", {"url": url})
    assert why in str(said.value)
    assert SECRET not in str(said.value)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"redis://:{SECRET}/x@h:6379/0", "has a port that is not a number"),
        (f"redis://:{SECRET}@h/zero", "has a database that is not a number"),
        (f"redis:{SECRET}@h", "is not a URL; write redis://user:password@host:6379/0"),
        (f"amqp://u:{SECRET}@h", "is not the URL of a Redis server"),
        (f"redis://:{SECRET}@", "names no host"),
        ("rediss://h?ssl_ca_certs=/x", "has ssl_ca_certs; write the file as the setting 'ca' instead"),
        ("rediss://h?ssl_cert_reqs=none", "has ssl_cert_reqs; write the setting 'verify: false' instead"),
        (f"redis://h?{SECRET}=1", "has an unsupported parameter; leave out all but db"),
    ],
)
def test_a_caches_url_that_cannot_be_used_is_refused_without_repeating_it(url: str, why: str) -> None:
    with pytest.raises(BadInput, match=r"^probe checked-at: redis\.url: ") as said:
        probe("redis", {"url": url})
    assert why in str(said.value)
    assert SECRET not in str(said.value)


@given(st.text(max_size=12), st.text(max_size=12), st.sampled_from(["postgresql", "redis", "http", "amqp", "x", ""]))
def test_no_error_repeats_a_password(before: str, after: str, scheme: str) -> None:
    for url in (f"{scheme}://u:{before}{SECRET}{after}@h:1/d", f"{scheme}://u{before}:{SECRET}{after}@h{after}"):
        for read in (postgres_parameters, RedisAddress.read, host_and_port):
            said = _said_by(read, url)
            assert SECRET not in said
            assert len(said.splitlines()) <= 1


def _said_by(read: Callable[[str], object], url: str) -> str:
    try:
        read(url)
    except ValueError as error:
        return str(error)
    return ""


def test_what_is_left_out_has_the_defaults_of_the_field() -> None:
    found = postgres_parameters("postgres://h")
    assert (found["host"], found["port"], found["sslmode"]) == ("h", "5432", "prefer")
    assert "dbname" not in found
    assert postgres_parameters("postgresql://u@h/d", "ca.pem")["sslmode"] == "verify-full"
    with pytest.raises(ValueError, match="has sslmode=require, with which 'ca' is not checked"):
        postgres_parameters("postgresql://u@h/d?sslmode=require", "ca.pem")
    address = RedisAddress.read("redis://h")
    assert (address.port, address.database, address.tls) == (6379, 0, False)
    assert RedisAddress.read("unix:///run/redis.sock?db=2").socket == "/run/redis.sock"


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("postgres", {"url": "postgresql:///d?host=/run/postgresql"}),
        ("postgres", {"url": "postgresql://%2Frun%2Fpostgresql/d"}),
        ("redis", {"url": "unix:///run/redis.sock"}),
    ],
)
def test_a_unix_socket_is_of_the_machine_that_checks(kind: str, settings: dict[str, Any]) -> None:
    assert probe(kind, settings).settings.here_only == "url: a Unix socket"
