"""What brings tables back to their definitions; that PostgreSQL takes it is the conformance suite's to show."""

from __future__ import annotations

from drills.included_shop.database.table_state import statements


def test_nothing_is_done_when_nothing_differs() -> None:
    columns = {"orders.id": "bigint NOT NULL", "orders.payment": "text"}
    assert statements("columns", columns, dict(columns)) == []


def test_a_renamed_column_is_renamed_back_so_that_its_contents_stay() -> None:
    wanted = {"orders.id": "bigint NOT NULL", "orders.total_cents": "integer NOT NULL"}
    present = {"orders.id": "bigint NOT NULL", "orders.total": "integer NOT NULL"}
    assert statements("columns", wanted, present) == ['ALTER TABLE "orders" RENAME COLUMN "total" TO "total_cents"']


def test_columns_that_could_be_either_are_not_guessed() -> None:
    wanted = {"t.id": "integer", "t.a": "text", "t.b": "text"}
    present = {"t.id": "integer", "t.x": "text", "t.y": "text"}
    assert not [each for each in statements("columns", wanted, present) if "RENAME" in each]


def test_a_missing_table_is_made_with_its_columns_and_a_stray_one_dropped() -> None:
    wanted = {"t.id": "bigint NOT NULL GENERATED ALWAYS AS IDENTITY", "t.at": "timestamptz DEFAULT now()"}
    assert statements("columns", wanted, {"stray.id": "integer"}) == [
        'DROP TABLE "stray" CASCADE',
        'CREATE TABLE "t" ("id" bigint NOT NULL GENERATED ALWAYS AS IDENTITY, "at" timestamptz DEFAULT now())',
    ]


def test_a_column_gets_its_type_its_default_and_its_necessity_back() -> None:
    wanted = {"t.at": "timestamp with time zone NOT NULL DEFAULT now()"}
    assert statements("columns", wanted, {"t.at": "text DEFAULT 'never'::text"}) == [
        'ALTER TABLE "t" ALTER COLUMN "at" DROP DEFAULT',
        'ALTER TABLE "t" ALTER COLUMN "at" TYPE timestamp with time zone USING "at"::timestamp with time zone',
        'ALTER TABLE "t" ALTER COLUMN "at" SET NOT NULL',
        'ALTER TABLE "t" ALTER COLUMN "at" SET DEFAULT now()',
    ]


def test_a_trigger_that_was_disabled_is_made_again_and_disabled() -> None:
    definition = "CREATE TRIGGER watch AFTER INSERT ON public.orders EXECUTE FUNCTION f()"
    assert statements("triggers", {"orders.watch": f"{definition} -- disabled"}, {"orders.watch": definition}) == [
        'DROP TRIGGER IF EXISTS "watch" ON "orders"',
        definition,
        'ALTER TABLE "orders" DISABLE TRIGGER "watch"',
    ]


def test_privileges_are_given_as_they_were_and_no_others() -> None:
    wanted = {"orders.shop": "INSERT, SELECT"}
    assert sorted(statements("privileges", wanted, {"orders.shop": "SELECT", "orders.thief": "SELECT"})) == [
        'GRANT INSERT, SELECT ON "orders" TO "shop"',
        'REVOKE ALL ON "orders" FROM "shop"',
        'REVOKE ALL ON "orders" FROM "thief"',
    ]
