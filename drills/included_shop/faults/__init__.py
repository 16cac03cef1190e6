"""The kinds of faults that only the included system can have: its own weaknesses, keys and links."""
