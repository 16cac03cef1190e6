from __future__ import annotations

import pytest

from shop.partner_keys import PARTNERS, key_hash, key_id_of
from shop.schema import MIGRATIONS


def test_the_migration_knows_the_partners_keys_by_their_hashes_only() -> None:
    text = (MIGRATIONS / "0003_partners.up.sql").read_text(encoding="utf-8")
    for partner in PARTNERS:
        assert f"('{partner.key_id}', '{partner.name}', '{key_hash(partner.key)}'" in text
        assert partner.key not in text
        assert key_id_of(partner.key) == partner.key_id


@pytest.mark.parametrize("text", ["", "pk_harbour", "pk_harbour.", "harbour.secret", f"pk_{'x' * 80}.secret"])
def test_what_is_no_key_has_no_id(text: str) -> None:
    assert key_id_of(text) == ""
