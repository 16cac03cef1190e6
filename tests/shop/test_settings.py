from __future__ import annotations

import pytest

from shop.settings import SETTINGS, Settings

ADDRESSES = {
    "SHOP_RELEASE": "1.1.0",
    "SHOP_DATABASE_URL": "postgresql://127.0.0.1:1/shop",
    "SHOP_CACHE_URL": "redis://127.0.0.1:1/0",
    "SHOP_EXTERNAL_URL": "http://127.0.0.1:1",
    "SHOP_PUBLIC_URL": "http://127.0.0.1:1",
}


def test_every_default_is_a_value_that_the_setting_takes() -> None:
    assert [setting.name for setting in SETTINGS if setting.refusal(setting.default)] == []
    Settings.from_environment(ADDRESSES)


def test_a_process_reads_its_settings_from_its_environment() -> None:
    settings = Settings.from_environment(ADDRESSES | {"SHOP_POOL_SIZE": "7", "SHOP_RECOMMENDATIONS": "off"})
    assert (settings.pool_size, settings.recommendations) == (7, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pool_size", "0"),
        ("pool_size", "51"),
        ("pool_size", "x"),
        ("recommendations", "yes"),
        ("webhook_secret", "a b"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_what_would_be_right(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must be .*, not "):
        Settings.from_environment(ADDRESSES | {f"SHOP_{name.upper()}": value})
