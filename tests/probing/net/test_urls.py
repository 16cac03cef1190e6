"""URLs as they go onto the wire: what browsers make of them, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.errors import BadInput
from drills.probing.kinds.journey.settings import url_of_step
from drills.probing.net.urls import HttpUrl, UnsupportedScheme
from tests.probing.checking import probe


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("http://shop", "http://shop/"),
        (" http://shop/ \n", "http://shop/"),
        ("HTTP://SHOP:80/Cart", "http://shop/Cart"),
        ("https://shop:443/", "https://shop/"),
        ("https://shop:80/", "https://shop:80/"),
        ("http://shop:/x", "http://shop/x"),
        ("http://shop:08080/", "http://shop:8080/"),
        ("http://bob:p%40w@shop/#top", "http://shop/"),
        ("http://shop/a b/ä?q=a b&ü='1'", "http://shop/a%20b/%C3%A4?q=a%20b&%C3%BC=%271%27"),
        ("http://shop/100%/%2f", "http://shop/100%/%2f"),
        ('http://shop/q?match[]={__name__="x"}', "http://shop/q?match[]={__name__=%22x%22}"),
        ("http://shop/{a}|b^`c", "http://shop/%7Ba%7D|b%5E%60c"),
        ("http://shop?x=1", "http://shop/?x=1"),
        ("http://shop/a/./b/../%2e%2E/c/..", "http://shop/"),
        ("http://shop/.well-known//x", "http://shop/.well-known//x"),
        ("http://my_service.:80/", "http://my_service./"),
        ("http://Bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://faß.de/", "http://xn--fa-hia.de/"),  # non-transitional, as browsers since 2023
        ("http://I❤.ws/", "http://xn--i-7iq.ws/"),
        ("http://shop。example/", "http://shop.example/"),
        ("http://ex%41mple.com/", "http://example.com/"),
        ("http://127.1:8080/", "http://127.0.0.1:8080/"),
        ("http://0x7f000001/", "http://127.0.0.1/"),
        ("http://[0:0::0001]:80/", "http://[::1]/"),
        ("http://[fe80::1%eth0]:81/", "http://[fe80::1%25eth0]:81/"),
        ("http://[fe80::1%25eth0]/", "http://[fe80::1%25eth0]/"),
        (r"http://good.example\@evil.example/", "http://good.example/@evil.example/"),
    ],
)
def test_a_url_is_sent_as_browsers_send_it(written: str, sent: str) -> None:
    assert HttpUrl.of(written).wire == sent
    assert HttpUrl.of(sent).wire == sent


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "no scheme"),
        ("shop/x", "no scheme"),
        ("ftp://shop/", "ftp:// is neither http:// nor https://"),
        ("GOPHER://shop/", "gopher:// is neither http:// nor https://"),
        ("mailto:me", "mailto: is neither http:// nor https://"),
        ("localhost:8080/x", "write http://host/path"),
        ("http://", "names no host"),
        ("http:///x", "names no host"),
        ("http:x", "names no host"),
        ("http://@/", "names no host"),
        ("http://:80/", "names no host"),
        ("http://a:0/", "port 0 is out of range"),
        ("http://a:65536/", "port 65536 is out of range"),
        ("http://a:８０/", "port is not a number"),
        ("http://::1/", "in brackets"),
        ("http://[::1/", "in brackets"),
        ("http://[::1]x/", "in brackets"),
        ("http://[::g]/", "is not an IPv6 address"),
        ("http://[fe80::1%]/", "an invalid zone"),
        ("http://a b/", "' '"),
        ("http://a%2fb/", "'/'"),
        ("http://a..b/", "empty label"),
        ("http://1.2.3.256/", "not an IPv4 address"),
        ("http://1.2.3.4.5/", "not an IPv4 address"),
        (f"http://{'a' * 64}.de/", "longer than a name may be"),
        ("http://a\u2060\ufffd/", "a character that is not allowed in a host name"),
        ("http://a/\nb", "U+000A"),
        ("http://a/\x00", "U+0000"),
        ("http://a/\ud800", "surrogate"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_one_line(written: str, why: str) -> None:
    with pytest.raises(ValueError) as refused:
        HttpUrl.of(written)
    assert why in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_refusal_never_repeats_a_password() -> None:
    for url in ("http://bob:s3cret/x@shop/", "http://bob:s3cret@a b/", "http://bob:s3cret@shop:99999/"):
        with pytest.raises(ValueError) as refused:
            HttpUrl.of(url)
        assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "credentials"),
    [
        ("http://bob:p%40:w@shop/", "bob:p@:w"),
        ("http://bob@shop/", "bob:"),
        ("http://:pw@shop/", ":pw"),
        ("http://@shop/", None),
        ("http://:@shop/", None),
        ("http://a@b:pw@shop/", "a@b:pw"),
    ],
)
def test_credentials_are_decoded_and_kept_apart(url: str, credentials: str | None) -> None:
    parsed = HttpUrl.of(url)
    assert (parsed.credentials, parsed.host) == (credentials, "shop")
    assert parsed.shown == "http://shop/"


@pytest.mark.parametrize(
    ("reference", "leads_to"),
    [
        ("x", "http://shop:81/a/x#f"),
        ("/x", "http://shop:81/x#f"),
        ("//other/z", "http://other/z#f"),
        ("?q", "http://shop:81/a/b?q#f"),
        ("", "http://shop:81/a/b?c#f"),
        ("#g", "http://shop:81/a/b?c#g"),
        ("../../k", "http://shop:81/k#f"),
        ("./x:y", "http://shop:81/a/x:y#f"),
        (r"\\other\x", "http://other/x#f"),
        ("/ä ö", "http://shop:81/%C3%A4%20%C3%B6#f"),
        (b"/\xe4".decode("utf-8", "surrogateescape"), "http://shop:81/%E4#f"),
        ("HTTPS://Other", "https://other/#f"),
    ],
)
def test_a_reference_leads_where_browsers_go(reference: str, leads_to: str) -> None:
    assert HttpUrl.of("http://shop:81/a/b?c#f").joined(reference).shown == leads_to


@pytest.mark.parametrize("scheme", ["gopher", "file", "dict", "FTP", "ws", "javascript", "data", "about"])
def test_a_reference_to_another_scheme_is_told_apart(scheme: str) -> None:
    with pytest.raises(UnsupportedScheme):
        HttpUrl.of("http://shop/").joined(f"{scheme}://shop/")


@pytest.mark.parametrize(
    ("base", "step", "asked"),
    [
        ("http://shop", "/login", "http://shop/login"),
        ("http://shop/app/", "login?next=/x", "http://shop/app/login?next=/x"),
        ("http://shop/app?x", "/login", "http://shop/app/login"),
        ("http://shop/app", "?page=2", "http://shop/app?page=2"),
        ("http://shop", "?page=2", "http://shop/?page=2"),
        ("http://shop/app", "https://pay/ü", "https://pay/%C3%BC"),
        ("https://shop/app", "//pay/x", "https://pay/x"),
    ],
)
def test_a_journeys_step_is_below_its_base_or_a_whole_url(base: str, step: str, asked: str) -> None:
    assert url_of_step(HttpUrl.of(base), step).wire == asked


@given(st.text(max_size=40), st.sampled_from(["", "http://", "http://h/", "http://h?", "http://u:p@", "//"]))
def test_whatever_is_written_gives_a_url_of_ascii_or_one_line(text: str, before: str) -> None:
    sent, refused = "", ""
    try:
        sent = HttpUrl.of(before + text).wire
    except ValueError as error:
        refused = str(error)
    assert bool(sent) != bool(refused)
    assert len(refused.splitlines()) <= 1
    assert sent.isascii()
    assert sent.isprintable()
    assert " " not in sent
    assert not sent or HttpUrl.of(sent).wire == sent


STEP = {"name": "a", "url": "/"}


@pytest.mark.parametrize(
    ("kind", "settings", "why"),
    [
        ("http", {"url": "gopher://h/"}, "http.url: gopher:// is neither http:// nor https://; write http://host/path"),
        ("metrics", {"url": "file:///etc/x"}, "metrics.url: file:// is neither"),
        ("journey", {"base": "h", "steps": [STEP]}, "journey.base: it has no scheme"),
        ("journey", {"base": "http://h", "steps": [{**STEP, "url": "dict://h/"}]}, "steps.0.url: dict:// is neither"),
        ("http", {"url": "http://h/", "headers": {"X Y": "a"}}, "'X Y' is not a header's name"),
        ("http", {"url": "http://h/", "headers": {"X": "a\nb"}}, "http.headers.X: holds the control character U+000A"),
        ("http", {"url": "http://h/", "headers": {"X": "a\0"}}, "U+0000"),
        ("http", {"url": "http://h/", "headers": {"X": "1 €"}}, "holds '€', which a header cannot contain"),
        ("journey", {"base": "http://h", "steps": [{**STEP, "headers": {"X": "\r"}}]}, "steps.0.headers.X: holds"),
    ],
)
def test_settings_that_cannot_be_sent_are_refused_by_field(kind: str, settings: dict[str, object], why: str) -> None:
    with pytest.raises(BadInput) as refused:
        probe(kind, settings)
    assert why in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
