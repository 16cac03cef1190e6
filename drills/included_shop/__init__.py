"""The included system: what its parts are called, and what is particular to it."""
