"""How texts and names are put into the SQL of MySQL: nothing in them ends the text or the name."""

from __future__ import annotations

import pytest

from drills.background.mysql_login import login_of
from drills.sandbox.adapters.mysql.literals import identifier, literal, of_table, quoted, written


def test_a_text_is_told_by_its_bytes() -> None:
    assert literal("it's \\ ✓") == "CONVERT(0x69742773205c20e29c93 USING utf8mb4)"
    assert literal("") == "''"


@pytest.mark.parametrize("text", ["it's", "back\\slash", "a\0b", "two\nlines"])
def test_what_cannot_be_quoted_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be quoted"):
        quoted(text)


def test_names_may_be_words_of_sql() -> None:
    assert (written("app.order"), identifier("a`b")) == ("`app`.`order`", "`a``b`")
    assert of_table("orders") == ("DATABASE()", "orders")
    assert of_table("app.orders") == ("CONVERT(0x617070 USING utf8mb4)", "orders")


def test_a_url_tells_the_login() -> None:
    login = login_of("mysql://app:p%40ss%2Fword@127.0.0.1:3307/my%20db")
    assert (login["user"], login["password"], login["port"], login["database"]) == ("app", "p@ss/word", 3307, "my db")
    assert login_of("mysql://db/")["port"] == 3306
