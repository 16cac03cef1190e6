"""The tls probe against real handshakes with good and bad certificates."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drills.errors import BadInput
from drills.model.probe import Outcome
from tests.probing.certificates import Authority
from tests.probing.checking import Checked, run_probe
from tests.probing.servers import never_answering, serving


def check(context: ssl.SSLContext | None, ca: str | None, asserts: list[str] | None = None, **more: Any) -> Checked:
    settings = {"server-name": "shop.test", **({} if ca is None else {"ca": ca}), **more}

    async def checked() -> Checked:
        async with serving(never_answering, context) as port:
            address = {"address": f"127.0.0.1:{port}"}
            return await run_probe("tls", address | settings, timeout="900ms", asserts=asserts or [])

    return asyncio.run(checked())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority.make(folder)


def test_a_good_certificate_passes_and_is_told_about(authority: Authority, folder: Path) -> None:
    said = [
        "certificate.expires_in > duration('336h')",
        "certificate.expires_in < duration('721h')",
        "certificate.names == ['shop.test', '*.shop.test']",
        "certificate.issuer == 'Test CA'",
        "certificate.subject == 'shop.test'",
        "chain_ok && name_ok",
        "protocol == 'TLSv1.3'",
        "cipher.startsWith('TLS_')",
        "time.tls >= time.connect && time.total >= time.tls",
    ]
    checked = check(authority.server(folder, "shop.test", "*.shop.test"), authority.file, said)
    assert (checked.outcome, checked.reason) == (Outcome.PASS, "")
    assert list(checked.seen.phases) == ["connect", "tls", "total"]


def test_a_certificate_that_ends_soon_fails_the_assertion_and_says_when(authority: Authority, folder: Path) -> None:
    context = authority.server(folder, "shop.test", valid=3)
    checked = check(context, authority.file, ["certificate.expires_in > duration('336h')"])
    assert checked.outcome is Outcome.FAIL
    assert checked.reason == "certificate.expires_in > duration('336h') (certificate.expires_in 3 d 0 h)"


def test_an_expired_certificate_is_read_and_told_apart_from_any_other_failure(
    authority: Authority, folder: Path
) -> None:
    checked = check(authority.server(folder, "shop.test", valid=-3), authority.file)
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "certificate expired 3 d 0 h ago")
    seen = checked.seen.values
    assert (seen["chain_ok"], seen["name_ok"], seen["certificate"]["issuer"]) == (True, True, "Test CA")
    assert seen["certificate"]["expires_in"] < timedelta(days=-3)


def test_a_certificate_of_another_name_says_which(authority: Authority, folder: Path) -> None:
    checked = check(authority.server(folder, "old.test", "*.old.test"), authority.file)
    assert checked.reason == "certificate is for old.test, *.old.test, not for shop.test"
    assert (checked.seen.values["chain_ok"], checked.seen.values["name_ok"]) == (True, False)


def test_a_wildcard_stands_for_one_label(authority: Authority, folder: Path) -> None:
    context = authority.server(folder, "*.shop.test")
    assert check(context, authority.file, **{"server-name": "www.shop.test"}).outcome is Outcome.PASS
    assert check(context, authority.file, **{"server-name": "a.b.shop.test"}).outcome is Outcome.FAIL
    assert check(context, authority.file).outcome is Outcome.FAIL


def test_a_certificate_of_an_unknown_authority_is_read_and_not_trusted(authority: Authority, folder: Path) -> None:
    other = Authority.make(folder, "Other CA")
    checked = check(other.server(folder, "shop.test"), authority.file)
    assert checked.outcome is Outcome.FAIL
    assert checked.reason == "certificate not trusted: unable to get local issuer certificate"
    assert checked.seen.values["certificate"]["issuer"] == "Other CA"


def test_everything_that_is_wrong_is_told_at_once(authority: Authority, folder: Path) -> None:
    other = Authority.make(folder, "Third CA")
    checked = check(other.server(folder, "old.test", valid=-40), None)
    assert checked.reason == (
        "certificate expired 40 d 0 h ago; certificate is for old.test, not for shop.test; "
        "certificate not trusted: unable to get local issuer certificate"
    )


def test_without_verification_assertions_alone_judge(authority: Authority, folder: Path) -> None:
    context = authority.server(folder, "old.test", valid=-3)
    assert check(context, authority.file, verify=False).outcome is Outcome.PASS
    checked = check(context, authority.file, ["name_ok"], verify=False)
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "name_ok is false")


def test_a_chain_is_followed_and_an_expired_link_of_it_is_named(authority: Authority, folder: Path) -> None:
    between = Authority.make(folder, "Issuing CA", under=authority)
    assert check(between.server(folder, "shop.test", chain=True), authority.file).outcome is Outcome.PASS
    assert not check(between.server(folder, "shop.test"), authority.file).seen.values["chain_ok"]
    stale = Authority.make(folder, "Stale CA", under=authority, valid=-5)
    checked = check(stale.server(folder, "shop.test", chain=True), authority.file)
    assert checked.reason == "certificate not trusted: Stale CA, which it relies on, expired 5 d 0 h ago"


def test_an_old_protocol_is_told_of(authority: Authority, folder: Path) -> None:
    context = authority.server(folder, "shop.test")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert check(context, authority.file).outcome is Outcome.PASS
    checked = check(context, authority.file, **{"minimum-version": "TLSv1.3"})
    assert checked.reason == "protocol TLSv1.2, older than TLSv1.3"


def test_a_server_that_speaks_no_tls_or_nothing_at_all_fails_in_time(authority: Authority) -> None:
    checked = check(None, authority.file)
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "no TLS handshake within 0.9 s")
    assert list(checked.seen.phases) == ["connect"]

    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()[1]
    refused = asyncio.run(run_probe("tls", {"address": f"127.0.0.1:{nobody}"}))
    assert (refused.outcome, refused.reason) == (Outcome.FAIL, "connection refused")


def test_a_ca_file_that_cannot_be_used_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("no certificate")
    for file, why in (("none.pem", "there is no such file"), ("empty.pem", "holds no certificate")):
        with pytest.raises(BadInput, match=why):
            asyncio.run(run_probe("tls", {"address": "127.0.0.1:1", "ca": str(tmp_path / file)}))
