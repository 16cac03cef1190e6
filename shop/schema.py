"""The shop's tables and the rows they start with.

`python -m shop.schema --database URL` makes both in an empty database, as its owner, in about two seconds.
"""

from __future__ import annotations

import argparse
import hashlib
import random

import psycopg

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

TABLES = """
CREATE TABLE customers (
    id integer PRIMARY KEY,
    name text NOT NULL UNIQUE,
    password_salt text NOT NULL,
    password_hash text NOT NULL
);
CREATE TABLE products (
    id integer PRIMARY KEY,
    name text NOT NULL,
    category text NOT NULL,
    price_cents integer NOT NULL,
    popularity integer NOT NULL
);
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id integer NOT NULL,
    status text NOT NULL,
    total_cents integer NOT NULL,
    payment text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE order_lines (
    order_id bigint NOT NULL,
    product_id integer NOT NULL,
    price_cents integer NOT NULL
);
"""

#: The orders' customers are strewn over the table, as in a shop that has run for a year.
ORDERS = """
INSERT INTO orders (customer_id, status, total_cents, payment, created_at)
SELECT 1 + (i * 7919) % %(customers)s, 'paid', 500 + (i * 31) % 9000, NULL,
       now() - interval '1 year' + i * (interval '1 year' / %(orders)s)
FROM generate_series(1::bigint, %(orders)s) AS i
"""

INDEXES = """
CREATE INDEX orders_customer_idx ON orders (customer_id);
CREATE INDEX orders_status_idx ON orders (status) WHERE status <> 'paid';
CREATE INDEX order_lines_order_idx ON order_lines (order_id);
CREATE INDEX products_popularity_idx ON products (popularity DESC);
"""

#: The limits make a stuck database recover by itself: no statement of the app holds its connection for longer.
ROLE = """
CREATE ROLE shop LOGIN;
ALTER ROLE shop SET statement_timeout = '8s';
ALTER ROLE shop SET idle_in_transaction_session_timeout = '15s';
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO shop;
"""


def password_of(customer: int) -> str:
    """The password of a seeded customer; their user name is `customer` and the number."""
    return f"drill-{customer}"


def password_hash(password: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), PASSWORD_ROUNDS).hex()


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


def create(connection: psycopg.Connection) -> None:
    """Make tables, rows, indexes and the app's role."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        with cursor.copy("COPY customers FROM STDIN") as rows:
            for customer in range(1, CUSTOMERS + 1):
                salt = f"salt-{customer}"
                rows.write_row((customer, f"customer{customer}", salt, password_hash(password_of(customer), salt)))
        with cursor.copy("COPY products FROM STDIN") as rows:
            for product in products():
                rows.write_row(product)
        orders = CUSTOMERS * ORDERS_PER_CUSTOMER
        cursor.execute(ORDERS.replace("%(customers)s", str(CUSTOMERS)).replace("%(orders)s", str(orders)).encode())
        cursor.execute(INDEXES)
        cursor.execute(ROLE)


def main() -> None:
    parser = argparse.ArgumentParser(description="Create and seed the shop's database.")
    parser.add_argument("--database", required=True, help="URL of an empty database, as its owner")
    with psycopg.connect(parser.parse_args().database, autocommit=False) as connection:
        create(connection)
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM (ANALYZE)")


if __name__ == "__main__":
    main()
