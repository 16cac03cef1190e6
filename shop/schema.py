"""The shop's tables and the rows they start with.

`python -m shop.schema --database URL` makes both in an empty database, as its owner, in about two seconds: the tables
by the migrations beside this file, NNNN_name.up.sql and NNNN_name.down.sql, each told by its first line. The table
`schema_migrations` says which of them have run.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from datetime import timedelta
from pathlib import Path

import psycopg
from psycopg import sql

from shop.settings import SETTINGS

CUSTOMERS = 3000
ORDERS_PER_CUSTOMER = 120
PASSWORD_ROUNDS = 300  # Cheap on purpose: a login costs the drill's machine little, and there is nothing to guard.

ADJECTIVES = [
    "oak",
    "walnut",
    "pine",
    "birch",
    "ash",
    "linen",
    "cotton",
    "woollen",
    "copper",
    "brass",
    "steel",
    "iron",
    "glass",
    "marble",
    "bamboo",
    "cork",
    "ceramic",
    "enamel",
    "leather",
    "velvet",
    "paper",
    "stone",
    "silver",
    "golden",
    "amber",
    "ivory",
    "charcoal",
    "crimson",
    "azure",
    "emerald",
    "olive",
    "coral",
    "indigo",
    "nordic",
    "rustic",
    "modern",
    "classic",
    "folding",
    "round",
    "square",
]
NOUNS = {
    "kitchen": ["kettle", "pan", "bowl", "knife", "board"],
    "office": ["desk", "chair", "notebook", "stapler", "tray"],
    "bedroom": ["pillow", "blanket", "mattress", "wardrobe", "mirror"],
    "bath": ["towel", "soap", "basin", "brush", "scale"],
    "lighting": ["lamp", "lantern", "candle", "bulb", "chandelier"],
    "storage": ["shelf", "basket", "box", "drawer", "rack"],
    "garden": ["rake", "spade", "bench", "planter", "hose"],
    "toys": ["puzzle", "train", "doll", "ball", "kite"],
}

MIGRATIONS = Path(__file__).parent / "migrations"
#: What a fresh database has; the files after it were written and not yet run.
BASELINE = "0004"
MIGRATIONS_TABLE = """
CREATE TABLE schema_migrations (
    version text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);
"""
#: The last of the baseline ran so long before the database was made: in a drill it is no suspect.
MIGRATED_BEFORE = timedelta(days=9)
BETWEEN_MIGRATIONS = timedelta(days=35)

#: The orders' customers are strewn over the table, as in a shop that has run for a year.
ORDERS = """
INSERT INTO orders (customer_id, status, total_cents, payment, created_at)
SELECT 1 + (i * 7919) % %(customers)s, 'paid', 500 + (i * 31) % 9000, NULL,
       now() - interval '1 year' + i * (interval '1 year' / %(orders)s)
FROM generate_series(1::bigint, %(orders)s) AS i
"""

#: The limits make a stuck database recover by itself: no statement of the app holds its connection for longer.
ROLE = """
CREATE ROLE shop LOGIN PASSWORD {password};
ALTER ROLE shop SET statement_timeout = '8s';
ALTER ROLE shop SET idle_in_transaction_session_timeout = '15s';
"""


def password_of(customer: int) -> str:
    """The password of a seeded customer; their user name is `customer` and the number."""
    return f"drill-{customer}"


def password_hash(password: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), PASSWORD_ROUNDS).hex()


def default_password() -> str:
    """The password of the role shop, as the app's settings have it at first."""
    return next((setting.default for setting in SETTINGS if setting.name == "database_password"), "")


def products() -> list[tuple[int, str, str, int, int]]:
    """The catalogue: id, name, category, price in cents, popularity; the same at every call."""
    chance = random.Random(20)
    names = [
        (f"{adjective} {noun}", category) for category in NOUNS for noun in NOUNS[category] for adjective in ADJECTIVES
    ]
    chance.shuffle(names)
    return [
        (number, name, category, chance.randrange(300, 30_000), chance.randrange(1_000_000))
        for number, (name, category) in enumerate(names, start=1)
    ]


def create(connection: psycopg.Connection, password: str | None = None) -> None:
    """Make the app's role with its password (None: that of the settings), tables, rows and indexes."""
    baseline = sorted(path for path in MIGRATIONS.glob("*.up.sql") if path.name[:4] <= BASELINE)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(ROLE).format(password=sql.Literal(password or default_password())))
        cursor.execute(MIGRATIONS_TABLE)
        cursor.execute(baseline[0].read_bytes())
        _fill(cursor)
        for path in baseline[1:]:  # Indexes are made faster over the rows that are there.
            cursor.execute(path.read_bytes())
        for age, path in enumerate(reversed(baseline)):
            before = MIGRATED_BEFORE + age * BETWEEN_MIGRATIONS
            cursor.execute("INSERT INTO schema_migrations VALUES (%s, now() - %s)", (path.name[:4], before))


def _fill(cursor: psycopg.Cursor) -> None:
    with cursor.copy("COPY customers FROM STDIN") as rows:
        for customer in range(1, CUSTOMERS + 1):
            salt = f"salt-{customer}"
            rows.write_row((customer, f"customer{customer}", salt, password_hash(password_of(customer), salt)))
    with cursor.copy("COPY products FROM STDIN") as rows:
        for product in products():
            rows.write_row(product)
    orders = CUSTOMERS * ORDERS_PER_CUSTOMER
    cursor.execute(ORDERS.replace("%(customers)s", str(CUSTOMERS)).replace("%(orders)s", str(orders)).encode())


def main() -> None:
    parser = argparse.ArgumentParser(description="Create and seed the shop's database.")
    parser.add_argument("--database", required=True, help="URL of an empty database, as its owner")
    parser.add_argument("--password", help="of the role shop; that of the settings when not given")
    arguments = parser.parse_args()
    with psycopg.connect(arguments.database, autocommit=False) as connection:
        create(connection, arguments.password)
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM (ANALYZE)")


if __name__ == "__main__":
    main()
