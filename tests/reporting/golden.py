"""Rendered reports are compared with files that a person has checked.

Renew them with `RENEW_GOLDEN=1 pytest tests/reporting`, look at what changed (`git diff tests/reporting/golden`),
and commit it only if it is better.
"""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check(name: str, text: str) -> None:
    """Fails when `text` is not what the golden file holds."""
    path = FOLDER / name
    if os.environ.get("RENEW_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is not there yet: run RENEW_GOLDEN=1 pytest tests/reporting"
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs; RENEW_GOLDEN=1 renews it"
