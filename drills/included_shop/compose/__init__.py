"""The included system as containers, by its own compose file."""
