"""Decoding in bounded steps: whatever the pieces, the same text; whatever the bomb, no more memory."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zlib
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.probing.curl.bodies import Body, BodyFault

CODERS = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}
MIB = 1024 * 1024


def decoded(codings: str, wire: bytes, *, pieces: int, limit: int = MIB) -> bytes:
    body = Body(limit, codings)
    for start in range(0, len(wire), pieces):
        body.take(wire[start : start + pieces])
    body.end()
    return bytes(body.content)


@given(
    st.binary(max_size=3000).map(lambda some: some * 300),
    st.lists(st.sampled_from(sorted(CODERS)), max_size=3),
    st.integers(1, 5000),
)
def test_what_was_packed_comes_out_whatever_the_pieces(text: bytes, codings: list[str], pieces: int) -> None:
    wire = text
    for coding in codings:
        wire = CODERS[coding](wire)
    assert decoded(", ".join(codings), wire, pieces=pieces) == text


@pytest.mark.parametrize("pieces", [1, 2, 7, 100])
def test_members_of_gzip_follow_one_another_and_garbage_ends_them(pieces: int) -> None:
    members = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two")
    assert decoded("gzip", members, pieces=pieces) == b"one two"
    assert decoded("gzip", members + b"\0\0\x1f\x8b", pieces=pieces) == b"one two"
    assert decoded("gzip", members + b"\x1f", pieces=pieces) == b"one two"
    with pytest.raises(BodyFault, match="the gzip body ends too early"):
        decoded("gzip", members + b"\x1f\x8b\x08", pieces=pieces)


@pytest.mark.parametrize("coding", sorted(CODERS))
def test_the_end_of_a_body_is_missed_wherever_it_was_cut(coding: str) -> None:
    wire = CODERS[coding](bytes(range(256)) * 20)
    for cut in (1, 2, 5, len(wire) // 2, len(wire) - 1):
        with pytest.raises(BodyFault, match=f"the {coding} body ends too early"):
            decoded(coding, wire[:-cut], pieces=1000)


def test_a_body_in_too_many_codings_or_an_unknown_one_is_refused() -> None:
    with pytest.raises(BodyFault, match="6 nested codings"):
        Body(10, ",".join(["gzip"] * 6)).take(b"x")
    with pytest.raises(BodyFault, match='coding "aws-chunked"'):
        Body(10, "gzip, aws-chunked").take(b"x")


def test_no_text_is_needed_to_stop_what_only_expands_between_two_codings() -> None:
    nothing = zlib.compressobj(wbits=31)
    between = b"".join([nothing.flush(zlib.Z_FULL_FLUSH)] + [b"\0\0\0\xff\xff"] * (MIB // 2))  # empty blocks
    with pytest.raises(BodyFault, match="body over 100000 bytes"):
        decoded("gzip, br", brotli.compress(between, quality=1), pieces=4096, limit=100_000)


#: Prints why a body was stopped, and by how many KiB the process grew meanwhile.
_PEAK = """
import resource, sys
from pathlib import Path
from drills.probing.curl.bodies import Body, BodyFault
wire, codings = Path(sys.argv[1]).read_bytes(), sys.argv[2]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
body = Body(1024 * 1024, codings)
try:
    for start in range(0, len(wire), 16384):
        body.take(wire[start:start + 16384])
except BodyFault as why:
    print(why)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def bomb(codings: str) -> bytes:
    """128 MiB of zeros in these codings."""
    first, *others = codings.split(", ")
    zeros = bytes(MIB)
    if first == "br":
        packer = brotli.Compressor(quality=5)
        wire = b"".join([packer.process(zeros) for _ in range(128)]) + packer.finish()
    else:
        deflater = zlib.compressobj(wbits=31 if first == "gzip" else 15)
        wire = b"".join([deflater.compress(zeros) for _ in range(128)]) + deflater.flush()
    for coding in others:
        wire = CODERS[coding](wire)
    return wire


@pytest.mark.parametrize("codings", ["br", "gzip", "deflate", "gzip, br", "br, gzip, deflate"])
def test_a_bomb_is_stopped_before_it_takes_memory(codings: str, tmp_path: Path) -> None:
    wire = tmp_path / "wire"
    wire.write_bytes(bomb(codings))
    done = subprocess.run([sys.executable, "-c", _PEAK, str(wire), codings], capture_output=True, text=True, check=True)
    why, kibibytes = done.stdout.splitlines()
    assert why == "body over 1048576 bytes, stopped"
    assert int(kibibytes) < 40 * 1024  # the largest window of br is 16 MiB
