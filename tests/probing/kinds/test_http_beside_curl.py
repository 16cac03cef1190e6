"""Generated answers, asked for by an `http` probe, by a journey of one step and by curl: what all three make of them.

Each chain of answers comes from one seed, so that a failure names what to try again. curl does three things otherwise,
each told where it is compared: it sends a probe's other headers to every origin, keeps a body's Content-Type when the
body has gone, and forgets a fragment.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.probing.checking import Checked, run_probe
from tests.wild.origins import CODERS, Asked, Origins, running

pytestmark = pytest.mark.slow

SEEDS = 200
BATCH = 25
CURL = shutil.which("curl")
MOST = 4
#: What the probe sends of its own: a header, a login, a cookie.
SENT = {"X-Key": "k", "Authorization": "Bearer t", "Cookie": "own=1"}
COOKIES = [
    "Set-Cookie: root=1; Path=/",
    "Set-Cookie: deep=2; Path=/deep",
    "Set-Cookie: wide=3; Path=/; Domain=localhost",
    "Set-Cookie: here=4; HttpOnly; SameSite=Lax",
    "Set-Cookie: gone=5; Max-Age=0",
    "Set-Cookie: other=6; Domain=other.example",
    "Set-Cookie: safe=7; Secure",
]
TEXTS = ["", "plain", '{"status": "ok"}', "grün €", "x" * 3000]


@dataclass
class Given:
    """One chain of answers: `answers` as of `tests.wild.origins`, the request that asks for it."""

    seed: int
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    method: str = "GET"
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    credentials: str = ""

    @classmethod
    def of(cls, seed: int) -> Given:
        rng = random.Random(seed)
        given = cls(seed)
        given.method = rng.choice(["GET", "GET", "GET", "HEAD", "POST", "PUT"])
        if given.method in ("POST", "PUT"):
            given.body = rng.choice(["a=1", "grün"])
            given.headers["Content-Type"] = "text/plain"
        given.headers |= {name: value for name, value in SENT.items() if rng.random() < 0.5}
        if "Authorization" not in given.headers and rng.random() < 0.3:
            given.credentials = rng.choice(["bob:pw@", "bob@", "b%40b:p%3Aw@"])
        path, origin, host = "/start", "a", "127.0.0.1"
        for hop in range(rng.choice([0, 0, 1, 1, 2, 3])):
            onward = f"/hop-{seed}-{hop}"
            host, origin = rng.choice([(host, origin), ("127.0.0.1", "b"), ("localhost", "a"), ("localhost", "b")])
            absolute = f"http://{host}:{{{origin}}}{onward}"
            relative = hop == 0 and rng.random() < 0.4
            to = rng.choice([onward, f"{onward}?q=1#f", f".{onward}", f"./x/..{onward}"]) if relative else absolute
            status = rng.choice([301, 302, 303, 307, 308])
            lines = [f"Location: {to}", *_noise(rng)]
            if "Cookie" not in given.headers:
                lines += rng.sample(COOKIES, rng.randrange(0, 4))
            given._answer(path, f"{status} R", rng, lines, "")
            path = onward
            if relative:
                host, origin = "127.0.0.1", "a"
        given._answer(
            path, rng.choice(["200 OK", "404 Not Found", "500 E", "201 C"]), rng, _noise(rng), rng.choice(TEXTS)
        )
        return given

    def _answer(self, path: str, status: str, rng: random.Random, lines: list[str], text: str) -> None:
        codings = rng.choice([[], [], ["gzip"], ["deflate"], ["raw-deflate"], ["br"], ["gzip", "br"]]) if text else []
        body = text.encode()
        for coding in codings:
            body = CODERS[coding](body)
        if codings:
            lines.append(
                f"{rng.choice(['Content-Encoding', 'content-encoding'])}: {', '.join(codings)}".replace("raw-", "")
            )
        early = "HTTP/1.1 103 Early Hints\r\nX-Early: yes\r\nX-Some: early\r\n\r\n" if rng.random() < 0.2 else ""
        if rng.random() < 0.3:
            size = rng.choice([1, 7, 4000])
            pieces = [body[start : start + size] for start in range(0, len(body), size)]
            framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n"
            framed += rng.choice([b"", b"X-Some: late\r\nX-Trailer: t\r\n"]) + b"\r\n"
            lines.append("Transfer-Encoding: chunked")
        else:
            framed = body
            lines.append(f"Content-Length: {len(body)}")
        rng.shuffle(lines)
        head = "\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *lines])
        answer = {"raw": f"{early}{head}\r\n\r\n", "raw-body": framed}
        self.answers = {name: {**self.answers.get(name, {}), path: answer} for name in ("a", "b")}


def _noise(rng: random.Random) -> list[str]:
    some = [
        "X-Some: one",
        "x-some: two",
        "X-Some:three",
        "Vary: a , b",
        "X-Empty:",
        "X-Bytes: caf\xe9",
        "X-Fold: a\r\n  b",
    ]
    return rng.sample(some, rng.randrange(0, 4))


@dataclass
class Got:
    """What one client made of it."""

    status: int
    url: str
    body: str
    headers: dict[str, str]
    asked: list[Asked]


def _url(given: Given, origins: Origins) -> str:
    return f"http://{given.credentials}127.0.0.1:{origins.ports['a']}/start"


async def by_probe(kind: str, given: Given, origins: Origins) -> Got:
    request = {"url": _url(given, origins), "method": given.method, "headers": given.headers, "body": given.body}
    names = ["status", "url", "body", "headers"]
    if kind == "http":
        asserts = [*(f"{name} == {name}" for name in names if name != "headers"), "size(headers) >= 0"]
        checked: Checked = await run_probe(kind, {**request, "redirects": MOST}, asserts=asserts, timeout="30s")
        values = checked.seen.values
    else:
        step = {**request, "name": "only", "assert": ["status > 0"], "extract": {name: name for name in names}}
        checked = await run_probe(
            kind, {"base": "http://never.test", "steps": [step], "redirects": MOST}, timeout="30s"
        )
        values = checked.seen.values["extracted"]
    assert checked.reason == "", f"{kind}, seed {given.seed}"
    asked, origins.asked = origins.asked, []
    return Got(values["status"], values["url"], values["body"], values["headers"], asked)


async def by_curl(given: Given, origins: Origins, folder: Path) -> Got:
    assert CURL is not None
    body, head = folder / "body", folder / "head"
    words = [CURL, "--disable", "--silent", "--show-error", "--compressed", "--location", "--max-redirs", str(MOST)]
    words += [
        "--globoff",
        "--output",
        str(body),
        "--dump-header",
        str(head),
        "--write-out",
        "%{http_code} %{url_effective}",
    ]
    words += ["--cookie", ""] if "Cookie" not in given.headers else []
    words += ["--head"] if given.method == "HEAD" else []
    if given.body is not None:  # not by --request, which would hold on every hop
        (folder / "sent").write_text(given.body, encoding="utf-8")
        words += ["--upload-file", str(folder / "sent")] if given.method == "PUT" else ["--data-binary", given.body]
    for name, value in given.headers.items():
        words += ["--header", f"{name}: {value}"]
    for path in (body, head):
        path.write_bytes(b"")
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = await asyncio.create_subprocess_exec(
        *words, _url(given, origins), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    told, wrong = await asyncio.wait_for(done.communicate(), 60)
    assert done.returncode == 0, f"curl, seed {given.seed}: {wrong.decode()}"
    status, _, url = told.decode().partition(" ")
    asked, origins.asked = origins.asked, []
    text = "" if given.method == "HEAD" else body.read_bytes().decode()
    return Got(int(status), url, text, _last_head(head.read_bytes().decode("latin-1")), asked)


def _last_head(text: str) -> dict[str, str]:
    """curl writes every head, and trailers after the last one: the last that begins with a status line and is final."""
    heads = [part for part in text.replace("\r\n\r\n", "\0").split("\0") if part.startswith("HTTP/")]
    found: dict[str, str] = {}
    name = ""
    for line in heads[-1].split("\r\n")[1:]:
        if line[:1] in " \t":
            found[name] += f" {line.strip()}"
            continue
        key, _, value = line.partition(":")
        name = key.lower()
        found[name] = f"{found[name]}, {value.strip()}" if name in found else value.strip()
    return found


def _cookies(asked: Asked) -> set[str]:
    return set(filter(None, asked.headers.get("cookie", "").split("; ")))


def compare(kind: str, ours: Got, curls: Got, seed: int) -> None:
    who = f"{kind} beside curl, seed {seed}"
    assert ours.status == curls.status, who
    assert ours.body == curls.body, who
    assert ours.headers == curls.headers, who
    # A fragment outlives a redirect that has none (RFC 9110 10.2.2), as in browsers; curl forgets it.
    assert ours.url.partition("#")[0] == _without_login(curls.url).partition("#")[0], who
    assert [(each.to, each.line, each.body) for each in ours.asked] == [
        (each.to, each.line, each.body) for each in curls.asked
    ], who
    home = ours.asked[0].to, ours.asked[0].headers["host"]
    for our, their in zip(ours.asked, curls.asked, strict=True):
        for name in ("host", "authorization"):
            assert our.headers.get(name) == their.headers.get(name), f"{who}: {name} of {our.line}"
        assert _cookies(our) == _cookies(their), f"{who}: cookies of {our.line}"
        if our.body:  # curl keeps what describes a body when there is none any more
            assert our.headers["content-type"] == their.headers["content-type"], f"{who}: {our.line}"
        if (our.to, our.headers["host"]) == home:
            assert our.headers.get("x-key") == their.headers.get("x-key"), f"{who}: {our.line}"
        else:  # curl sends a header of any other name to whoever it is led to
            assert "x-key" not in our.headers, f"{who}: {our.line}"


def _without_login(url: str) -> str:
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


@pytest.mark.skipif(CURL is None, reason="the curl program is not here to compare with")
@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_a_probe_and_a_journey_make_of_answers_what_curl_makes_of_them(first: int, tmp_path: Path) -> None:
    async def all_of_them() -> None:
        for seed in range(first, first + BATCH):
            given = Given.of(seed)
            async with running(given.answers, tmp_path) as origins:
                curls = await by_curl(given, origins, tmp_path)
                for kind in ("http", "journey"):
                    compare(kind, await by_probe(kind, given, origins), curls, seed)

    asyncio.run(all_of_them())


def test_the_generated_answers_are_of_every_sort() -> None:
    chains = [Given.of(seed) for seed in range(SEEDS)]
    raw = [answer["raw"] for given in chains for answer in given.answers["a"].values()]
    for sort in ("103 Early", "chunked", "gzip, br", "Domain=localhost", "\r\n  b", "303 R", "307 R"):
        assert sum(sort in text for text in raw) >= 5, sort
    assert {given.method for given in chains} == {"GET", "HEAD", "POST", "PUT"}
    assert sum(bool(given.credentials) for given in chains) >= 10
