"""The Toxiproxy of links is that of the included compose file: its image is built once for both."""

from __future__ import annotations

from drills.included import included_root
from drills.sandbox.declared.toxiproxy_image import IMAGE, RECIPE


def test_both_build_the_same_image() -> None:
    included = included_root()
    theirs = included / "shop" / "compose" / "toxiproxy" / "Dockerfile"
    assert (RECIPE / "Dockerfile").read_bytes() == theirs.read_bytes()
    assert f"image: {IMAGE}\n" in (included / "docker-compose.yml").read_text(encoding="utf-8")
