"""Distributions as pip installs them: a package and its metadata in a folder of the path. No network, no build."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

#: The example of docs/extending.md.
EXAMPLE = Path(__file__).parent / "drills-jobqueue"


def install(
    site: Path, name: str, points: Mapping[str, Mapping[str, str]], modules: Mapping[str, str], version: str = "1.0"
) -> None:
    """`points` are the entry points by their group, `modules` texts by their files."""
    site.mkdir(parents=True, exist_ok=True)
    for file, text in modules.items():
        (site / file).write_text(text, encoding="utf-8")
    metadata = site / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    lines = [line for group, own in points.items() for line in (f"[{group}]", *(f"{key} = {own[key]}" for key in own))]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def install_example(site: Path) -> None:
    """What `pip install` makes of the example's folder."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(EXAMPLE / "drills_jobqueue", site / "drills_jobqueue")
    install(site, project["name"], project["entry-points"], {}, project["version"])
