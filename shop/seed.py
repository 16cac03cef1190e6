"""Fills an empty database, and leaves one that has its tables as it is: what a compose file runs once.

`python -m shop.seed --database URL`
"""

from __future__ import annotations

import argparse

import psycopg

from shop import schema
from shop.logs import log


def main() -> None:
    parser = argparse.ArgumentParser(description="Fill the shop's database unless it is filled.")
    parser.add_argument("--database", required=True, help="URL of the database, as its owner")
    with psycopg.connect(parser.parse_args().database) as connection:
        present = connection.execute("SELECT to_regclass('public.orders') IS NOT NULL").fetchone()
        if present == (True,):
            log("info", "the database is filled")
            return
        schema.create(connection, schema.default_password())
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM (ANALYZE)")
        log("info", "the database was filled")


if __name__ == "__main__":
    main()
