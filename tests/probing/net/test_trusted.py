"""Files of certificates to trust, as people come by them: one clear line for what cannot be used, from every kind."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from drills.errors import BadInput
from drills.probing.net.trusted import ca_file, trusted_file
from tests.probing.checking import run_probe
from tests.probing.recipes import make

_MADE = make({"root": {"ca": True}})["root"]
_DER = b"\x30\x82\x01\x00rest"


def test_without_one_it_is_the_machines() -> None:
    assert ca_file(None) == trusted_file()


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (b"", "is empty; write certificates in PEM form into it"),
        (b" \n", "is empty; write certificates in PEM form into it"),
        (b"hello", "holds no certificate in PEM form; name the file of certificates"),
        (_DER, "is not in PEM form; convert it by openssl x509 -inform der"),
        (_MADE.key, "holds a private key and no certificate; name the file of certificates"),
        (
            b"\xef\xbb\xbf" + _MADE.certificate,
            "begins with a byte order mark, by which OpenSSL overlooks a certificate",
        ),
        (
            b"\xef\xbb\xbf" + _MADE.certificate * 2,
            "begins with a byte order mark, by which OpenSSL overlooks a certificate",
        ),
        (_MADE.certificate.decode().encode("utf-16"), "begins with a byte order mark"),
        (_MADE.certificate[:90] + b"\n-----END CERTIFICATE-----\n", "holds a certificate that cannot be read"),
        (_MADE.certificate + _MADE.certificate[:90], "holds a certificate that cannot be read"),
        (_MADE.certificate + b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_as_it_is_says_why(tmp_path: Path, held: bytes, why: str) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(held)
    with pytest.raises(ValueError, match=r"^ca: ") as said:
        ca_file(str(file))
    assert why in str(said.value)
    assert "\n" not in str(said.value)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("http", {"url": "https://127.0.0.1:1/"}),
        ("journey", {"base": "https://127.0.0.1:1", "steps": [{"name": "a", "url": "/"}]}),
        ("tls", {"address": "127.0.0.1:1"}),
        ("redis", {"url": "rediss://127.0.0.1:1/0"}),
        ("postgres", {"url": "postgresql://a@127.0.0.1:1/a"}),
    ],
)
def test_every_kind_refuses_such_a_file_before_it_checks(tmp_path: Path, kind: str, settings: dict[str, Any]) -> None:
    for file, why in ((tmp_path, "is a folder, not a file"), (tmp_path / "none.pem", "there is no such file")):
        with pytest.raises(BadInput, match=f"checked-at: ca: {file}: {why}"):
            asyncio.run(run_probe(kind, {**settings, "ca": str(file)}))


def test_a_file_is_read_again_once_it_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(_MADE.certificate)
    assert ca_file(str(file)) == ca_file(str(file)) == str(file)
    file.write_bytes(b"hello, world")
    with pytest.raises(ValueError, match="holds no certificate"):
        ca_file(str(file))
    file.write_bytes(_MADE.certificate)
    assert ca_file(str(file)) == str(file)
