"""The database of the included system, on any driver: migrations, backups, and what a drill may change in it."""
