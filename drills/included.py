"""Where the files that come with the package lie: the first workspace, with its drills and the shop they break."""

from __future__ import annotations

from pathlib import Path


def included_root() -> Path:
    """The folder that holds scenarios/, probes/, playbooks/, shop/ and drills.yaml.

    In a wheel they lie inside the package; in a checkout they are its top level.
    """
    package = Path(__file__).resolve().parent
    packed = package / "included"
    return packed if (packed / "drills.yaml").is_file() else package.parent
