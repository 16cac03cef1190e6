"""Cookies of one probe run: which are kept, and where they go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drills.probing.curl.cookies import CookieJar, with_own
from drills.probing.net.urls import HttpUrl

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def sent(line: str, to: str, *, set_at: str = "http://www.shop.example/a/b?c", after: float = 0.0) -> str:
    """What a cookie that was set at one URL becomes in a request for another, some seconds later."""
    now = [NOW]
    jar = CookieJar(lambda: now[0])
    jar.take(HttpUrl.of(set_at), [line])
    now[0] += timedelta(seconds=after)
    return with_own("", jar.sent_to(HttpUrl.of(to)))


HERE = "http://www.shop.example/a/x"


@pytest.mark.parametrize(
    ("line", "to", "goes"),
    [
        ("k=v", HERE, "k=v"),
        ("k=v", "http://www.shop.example:81/a", "k=v"),  # a port is no border
        ("k=v", "http://www.shop.example/", ""),  # the default path is /a
        ("k=v", "http://www.shop.example/ab", ""),
        ("k=v; path=/", "http://www.shop.example/", "k=v"),
        ("k=v; Path=relative", HERE, "k=v"),
        ("k=v; path=/a/", "http://www.shop.example/a", ""),
        ("k=v", "http://shop.example/a/x", ""),
        ("k=v", "http://sub.www.shop.example/a/x", ""),
        ("k=v; Domain=Shop.Example", "http://shop.example/a", "k=v"),
        ("k=v; domain=.shop.example", "http://other.shop.example/a", "k=v"),
        ("k=v; domain=shop.example", "http://evilshop.example/a", ""),
        ("k=v; domain=sub.www.shop.example", "http://sub.www.shop.example/a", ""),
        ("k=v; domain=example", HERE, ""),
        ("k=v; domain=", HERE, "k=v"),
        (" k = v w ;HttpOnly", HERE, "k=v w"),
        ('k="v"', HERE, 'k="v"'),
        ("k=a=b", HERE, "k=a=b"),
        ("alone", HERE, "alone"),
        ("k=", HERE, "k="),
        ("=", HERE, ""),
        ("k=\x07", HERE, ""),
        (f"k={'v' * 4096}", HERE, ""),
        ("k=v; secure", HERE, ""),
        ("__Secure-k=v", HERE, ""),
        ("k=v; max-age=0", HERE, ""),
        ("k=v; Max-Age=-5", HERE, ""),
        ("k=v; max-age=soon", HERE, "k=v"),
        ("k=v; expires=Thu, 01-Jan-1970 00:00:00 GMT", HERE, ""),
        ("k=v; expires=Thu, 01 Jan 1970 00:00:00 GMT; max-age=60", HERE, "k=v"),
        ("k=v; expires=Sun, 29 Nov 2026 00:00:00 GMT", HERE, "k=v"),
        ("k=v; expires=some day", HERE, "k=v"),
        ("k=v; expires=Fri, 01 Jan 99999 00:00:00 GMT", HERE, "k=v"),
    ],
)
def test_where_a_cookie_goes(line: str, to: str, goes: str) -> None:
    assert sent(line, to) == goes


def test_a_secure_cookie_goes_over_tls_and_to_loopback_only() -> None:
    secure = "https://shop.example/"
    assert sent("k=v; secure", secure, set_at=secure) == "k=v"
    assert sent("__Host-k=v; secure; path=/", secure, set_at=secure) == "__Host-k=v"
    assert sent("__Host-k=v; secure; path=/x", "https://shop.example/x", set_at=secure) == ""
    assert sent("k=v; secure", "http://shop.example/", set_at=secure) == ""
    for host in ("localhost", "127.0.0.1:8080", "[::1]:81", "shop.localhost"):
        assert sent("k=v; secure", f"http://{host}/", set_at=f"http://{host}/") == "k=v", host
    assert sent("k=v; secure", "http://127.evil.example/", set_at="http://127.evil.example/") == ""


def test_a_cookie_ends_when_its_time_is_over() -> None:
    assert sent("k=v; max-age=10", HERE, after=9) == "k=v"
    assert sent("k=v; max-age=10", HERE, after=10) == ""


def test_an_address_has_no_subdomains() -> None:
    assert sent("k=v; domain=127.0.0.1", "http://127.0.0.1/", set_at="http://127.0.0.1/") == "k=v"
    assert sent("k=v; domain=0.0.1", "http://127.0.0.1/", set_at="http://127.0.0.1/") == ""


def test_the_deepest_path_comes_first_and_what_is_set_anew_keeps_its_turn() -> None:
    jar, url = CookieJar(lambda: NOW), HttpUrl.of("http://shop.example/a/b")
    jar.take(url, ["one=1; path=/", "two=2; path=/", "deep=3; path=/a", "one=4; path=/"])
    assert with_own("two=own; mine=5", jar.sent_to(url)) == "mine=5; deep=3; one=4; two=2"
    jar.take(url, ["one=; path=/; max-age=0"])
    assert with_own("", jar.sent_to(url)) == "deep=3; two=2"
