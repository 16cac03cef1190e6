from __future__ import annotations

from pathlib import Path

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


def test_the_sandboxs_own_database_is_used_unless_another_is_set() -> None:
    assert Settings.from_environment(ADDRESSES).database_url == ADDRESSES["SHOP_DATABASE_URL"]
    other = next(setting for setting in SETTINGS if setting.name == "database_url").variable
    assert Settings.from_environment(ADDRESSES | {other: ""}).database_url == ADDRESSES["SHOP_DATABASE_URL"]
    assert Settings.from_environment(ADDRESSES | {other: "postgresql://db/x"}).database_url == "postgresql://db/x"


def test_what_could_be_misused_is_a_secret() -> None:
    secret = {setting.name for setting in SETTINGS if setting.secret}
    assert secret == {setting.name for setting in SETTINGS if setting.name.endswith(("_secret", "_key", "_password"))}


def test_what_two_services_must_agree_on_agrees_by_default() -> None:
    defaults = {setting.name: setting.default for setting in SETTINGS}
    assert defaults["webhook_secret"] == defaults["provider_webhook_secret"]
    assert defaults["identity_key"] == defaults["provider_identity_key"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pool_size", "0"),
        ("pool_size", "51"),
        ("pool_size", "x"),
        ("recommendations", "yes"),
        ("webhook_secret", "a b"),
        ("database_url", "mysql://127.0.0.1/shop"),
        ("database_password", "short"),
        ("allowed_origins", "www.shop.test"),
        ("password_cost", "0"),
        ("public_address", "localhost"),
        ("provider_rate_limit", "-1"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_what_would_be_right(name: str, value: str) -> None:
    variable = next(setting.variable for setting in SETTINGS if setting.name == name)
    with pytest.raises(ValueError, match=rf"^{name} must be .*, not "):
        Settings.from_environment(ADDRESSES | {variable: value})


def test_every_setting_is_told_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs/shop.md").read_text(encoding="utf-8")
    for setting in SETTINGS:
        shown = "secret" if setting.secret else f"`{setting.default}`" if setting.default else "empty"
        assert f"| `{setting.name}` | {', '.join(setting.services)} | {shown} |" in page
