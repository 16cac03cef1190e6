"""Certificates as people have them: each kind of probe, and the tools that people trust, give one answer for one chain.

A case's `right` is a pattern of the tls probe's reason, empty for a pass; `otherwise` names who says the opposite, and
why that is so.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from drills.model.probe import Outcome
from tests.probing.checking import Checked, run_probe
from tests.probing.recipes import make
from tests.probing.servers import serving
from tests.wild.cases import Case, cases_of

_SSL_REQUEST = 8
_MET = "we have met"


class _Site:
    """A case's files, and what a server of it says to HTTP, Redis and PostgreSQL clients."""

    def __init__(self, case: Case, folder: Path) -> None:
        made = make(case.given["certificates"])
        both = folder / "server.pem"
        chain = b"".join(made[name].certificate for name in case.given["server"])
        both.write_bytes(made[case.given["server"][0]].key + chain)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_ciphers("DEFAULT:@SECLEVEL=0")
        self.context.load_cert_chain(both)
        self.ca = folder / "ca.pem"
        held = b"".join(made[part].certificate if part in made else part.encode() for part in case.given["ca"])
        self.ca.write_bytes(held.replace(b"\n", case.given.get("line-end", "\n").encode()))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.read(4096):
            if b"PING" in asked:
                writer.write(b"+PONG\r\n")
            elif b"INFO" in asked:
                writer.write(b"$0\r\n\r\n")
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()

    async def serve_postgres(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(_SSL_REQUEST)
        writer.write(b"S")
        await writer.start_tls(self.context)
        await reader.read(4096)
        fields = b"SFATAL\0VFATAL\0C28000\0M" + _MET.encode() + b"\0\0"
        writer.write(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)
        await writer.drain()


async def _accepted(checking: Awaitable[Checked]) -> bool:
    """Whether a probe shook hands; its reason must otherwise be about TLS."""
    checked = await checking
    if checked.outcome is Outcome.PASS or checked.reason == _MET:
        return True
    assert re.search("certificate|TLS", checked.reason), checked.reason
    return False


def _probes(site: _Site, host: str, port: int, postgres: int) -> dict[str, Callable[[], Awaitable[Checked]]]:
    ca = str(site.ca)
    settings: dict[str, dict[str, Any]] = {
        "http": {"url": f"https://{host}:{port}/", "ca": ca},
        "journey": {"base": f"https://{host}:{port}", "steps": [{"name": "a", "url": "/"}], "ca": ca},
        "redis": {"url": f"rediss://{host}:{port}/0", "ca": ca},
        "postgres": {"url": f"postgresql://a@{host}:{postgres}/a", "ca": ca},
    }
    return {
        kind: lambda kind=kind, own=own: run_probe(kind, own, lookup=lambda _: ("127.0.0.1",))
        for kind, own in settings.items()
    }


async def _curl(site: _Site, host: str, port: int) -> bool:
    command = ["curl", "-sS", "--noproxy", "*", "--cacert", str(site.ca), "--resolve", f"{host}:{port}:127.0.0.1"]
    return await _succeeds([*command, f"https://{host}:{port}/"])


async def _s_client(site: _Site, host: str, port: int) -> bool:
    name = "-verify_ip" if re.fullmatch(r"[\d.]+", host) else "-verify_hostname"
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", str(site.ca), "-partial_chain"]
    return await _succeeds([*command, "-verify_return_error", "-purpose", "sslserver", name, host])


async def _succeeds(command: list[str]) -> bool:
    null = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=null, stdout=null, stderr=null)
    return await process.wait() == 0


@pytest.mark.parametrize("case", cases_of("tls"))
def test_every_kind_of_probe_says_of_a_chain_what_is_right(case: Case, tmp_path: Path) -> None:
    site = _Site(case, tmp_path)
    host = case.given.get("host", "")
    right, otherwise = case.right == "", case.given.get("otherwise", {})

    async def told() -> tuple[Checked, dict[str, bool]]:
        async with serving(site.serve, site.context) as port, serving(site.serve_postgres) as postgres:
            server_name = case.given.get("server-name", host)
            address = {"address": f"127.0.0.1:{port}", "server-name": server_name, "ca": str(site.ca)}
            checked = await run_probe("tls", address)
            if not host:
                return checked, {}
            probes = _probes(site, host, port, postgres)
            others = {kind: await _accepted(check()) for kind, check in probes.items()}
            if shutil.which("curl"):
                others["curl"] = await _curl(site, host, port)
            if shutil.which("openssl"):
                others["openssl"] = await _s_client(site, host, port)
            return checked, others

    checked, others = asyncio.run(told())
    assert (checked.outcome is Outcome.PASS) == right, checked.reason
    assert re.search(case.right or "^$", checked.reason)
    assert others == {who: right != (who in otherwise) for who in others}
