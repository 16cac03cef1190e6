"""What the postgres probe sends before it knows whom it talks to, and what of this machine it keeps for itself."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from drills.model.probe import Outcome
from tests.probing.checking import Checked, run_probe
from tests.probing.servers import serving

_CLEARTEXT_PASSWORD = b"R\x00\x00\x00\x08\x00\x00\x00\x03"


class _Listening:
    """A server that asks for a password in clear text, and keeps what it was told."""

    def __init__(self) -> None:
        self.parameters: dict[str, str] = {}
        self.password: bytes | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(4), "big")
        words = (await reader.readexactly(length - 4))[4:].decode().split("\0")
        self.parameters = dict(zip(words[0::2], words[1::2], strict=False))
        writer.write(_CLEARTEXT_PASSWORD)
        if head := await reader.read(5):
            self.password = await reader.readexactly(int.from_bytes(head[1:], "big") - 4)

    def check(self, user: str = "watcher", more: str = "") -> Checked:
        async def checked() -> Checked:
            async with serving(self.serve) as port:
                url = f"postgresql://{user}@127.0.0.1:{port}/shop?sslmode=disable{more}"
                return await run_probe("postgres", {"url": url}, timeout="2s")

        return asyncio.run(checked())


def test_poolers_are_told_nothing_that_they_refuse() -> None:
    listening = _Listening()
    listening.check()
    told = {name: value for name, value in listening.parameters.items() if name}
    assert told == {"user": "watcher", "database": "shop", "application_name": "drills-probe"}


def test_options_are_sent_where_the_url_has_some() -> None:
    listening = _Listening()
    listening.check(more="&options=-c%20work_mem%3D1MB&application_name=mine")
    assert listening.parameters["options"] == "-c work_mem=1MB"
    assert listening.parameters["application_name"] == "mine"


def test_the_password_is_that_of_the_url() -> None:
    listening = _Listening()
    listening.check("watcher:p%40ss")
    assert listening.password == b"p@ss\0"


def test_no_stored_secret_and_no_setting_of_the_environment_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = tmp_path / ".pgpass"
    passwords.write_text("*:*:*:*:from-the-file\n")
    passwords.chmod(0o600)
    services = tmp_path / ".pg_service.conf"
    services.write_text("[mine]\npassword=from-the-service\nhost=192.0.2.1\noptions=-c a=b\n")
    environment = {
        **{"HOME": str(tmp_path), "PGPASSFILE": str(passwords), "PGPASSWORD": "from-the-environment"},
        **{"PGSERVICE": "mine", "PGSERVICEFILE": str(services), "PGOPTIONS": "-c work_mem=1MB"},
        **{"PGHOST": "192.0.2.1", "PGHOSTADDR": "192.0.2.1", "PGUSER": "other", "PGDATABASE": "other"},
        **{"PGAPPNAME": "other", "PGCLIENTENCODING": "latin1", "PGSSLMODE": "verify-full", "PGREQUIREAUTH": "none"},
        **{"PGSSLROOTCERT": str(passwords), "PGSSLCERT": str(passwords), "PGSSLKEY": str(passwords)},
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert os.environ["PGSERVICE"] == "mine"
    listening = _Listening()
    checked = listening.check()
    assert (checked.outcome, checked.reason) == (Outcome.FAIL, "fe_sendauth: no password supplied")
    assert listening.password is None
    assert {name for name in listening.parameters if name} == {"user", "database", "application_name"}
    assert (listening.parameters["user"], listening.parameters["database"]) == ("watcher", "shop")
