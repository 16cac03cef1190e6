"""Servers of the HTTP cases: they answer by path, byte for byte, and remember what each of them was asked.

answers:
  a:                                      # a, b: plain; s: TLS. 127.0.0.1, and any name
    /path:
      head: |                             # as it is sent; Content-Length is added unless it tells a length
        HTTP/1.1 302 Found
        Location: http://localhost:{b}/   # {a}, {b}, {s}: the ports
      body: text, in Latin-1              # or `file: NAME` beside the case
      coded: [gzip, br]                   # applied in this order
      cut: 5                              # bytes that are missing at the end
      more: text after the body, with Content-Length
    /other: {raw: "HTTP/1.1 200 OK\\r\\n…"}   # all of it
    /third: {raw: …, forever: "text"}      # and then this again and again
"""

from __future__ import annotations

import asyncio
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import brotli

from tests.probing.servers import Serve, serving


@dataclass(frozen=True)
class Asked:
    """One request: to which server, its request line without the version, its headers, its body."""

    to: str
    line: str
    headers: Mapping[str, str]
    body: str


@dataclass
class Origins:
    """The running servers; `asked` in the order in which requests came, `connections` by server."""

    answers: Mapping[str, Mapping[str, Any]]
    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)

    def filled(self, text: str) -> str:
        for name, port in self.ports.items():
            text = text.replace(f"{{{name}}}", str(port))
        return text

    def serve(self, origin: str) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections.append(origin)
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers: dict[str, str] = {}
                for line in filter(None, head[1:]):
                    name, _, value = line.partition(":")
                    key = name.lower()
                    headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, target, _ = head[0].split(" ")
                self.asked.append(Asked(origin, f"{method} {target}", headers, body.decode("latin-1")))
                answer = self.answers.get(origin, {}).get(target.split("?")[0], {"head": "HTTP/1.1 200 OK"})
                writer.write(self._bytes(answer, method))
                await writer.drain()
                while "forever" in answer:
                    writer.write(answer["forever"].encode("latin-1"))
                    await writer.drain()
                if "raw" in answer or "cut" in answer:
                    return

        return serve

    def _bytes(self, answer: Mapping[str, Any], method: str) -> bytes:
        if "raw" in answer:
            framed: bytes = answer.get("raw-body", b"")
            return self.filled(answer["raw"]).encode("latin-1") + (b"" if method == "HEAD" else framed)
        body: bytes = (self.folder / answer["file"]).read_bytes() if "file" in answer else b""
        body += answer.get("body", "").encode("latin-1")
        for coding in answer.get("coded", ()):
            body = CODERS[coding](body)
        body = body[: len(body) - answer.get("cut", 0)] + answer.get("more", "").encode("latin-1")
        lines = self.filled(answer["head"]).rstrip("\n").encode().decode("latin-1").split("\n")
        if not any(line.lower().startswith(("content-length:", "transfer-encoding:")) for line in lines):
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (b"" if method == "HEAD" else body)


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw-deflate": _raw_deflate,
    "br": brotli.compress,
}


@asynccontextmanager
async def running(
    answers: Mapping[str, Mapping[str, Any]], folder: Path, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Origins]:
    """Servers a and b, and s when there is a certificate for it, until the block ends."""
    origins = Origins(answers, folder)
    async with AsyncExitStack() as stack:
        for name in ("a", "b", *(["s"] if tls else [])):
            context = tls if name == "s" else None
            origins.ports[name] = await stack.enter_async_context(serving(origins.serve(name), context))
        yield origins
