from __future__ import annotations

from pathlib import Path

from shop.charges import ChargeBook


def test_an_order_is_charged_once_however_often_it_is_asked_for() -> None:
    book = ChargeBook()
    first, new = book.charge("order-7", 7, 990, "http://shop/webhooks/payment")
    assert new
    assert book.charge("order-7", 7, 990, "http://shop/webhooks/payment") == (first, False)
    assert len(book.charges) == 1


def test_a_provider_that_starts_again_knows_its_charges_and_what_it_has_not_told(tmp_path: Path) -> None:
    file = tmp_path / "book.jsonl"
    before = ChargeBook(file)
    told, _ = before.charge("order-1", 1, 100, "http://shop")
    untold, _ = before.charge("order-2", 2, 200, "http://shop")
    before.told(told.payment)
    with file.open("a", encoding="utf-8") as cut_short:
        cut_short.write('{"charge": {"pay')
    after = ChargeBook(file)
    assert after.charges == [told, untold]
    assert after.untold == [untold]
    assert after.charge("order-2", 2, 200, "http://shop") == (untold, False)


def test_a_book_that_cannot_be_written_stops_no_payment(tmp_path: Path) -> None:
    book = ChargeBook(tmp_path / "missing" / "book.jsonl")
    made, _ = book.charge("order-1", 1, 100, "http://shop")
    assert book.charges == [made]


def test_what_is_written_after_a_line_that_was_cut_short_is_not_lost(tmp_path: Path) -> None:
    file = tmp_path / "book.jsonl"
    file.write_text('{"charge": {"pay', encoding="utf-8")
    made, _ = ChargeBook(file).charge("order-1", 1, 100, "http://shop")
    assert ChargeBook(file).charges == [made]
