"""The commands as they are typed, in an empty folder, on a sandbox on paper."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.sandbox.shop_on_paper import ShopOnPaper


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShopOnPaper:
    """What every command of this test has for its sandbox."""
    shop = ShopOnPaper(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DRILLS_WORKSPACE", raising=False)
    monkeypatch.setattr("drills.workspace.sandbox.open_sandbox", lambda _, **__: shop)
    return shop
