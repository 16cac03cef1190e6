"""The database of a sandbox, on any driver: migrations, backups, and what a drill may change in it."""
