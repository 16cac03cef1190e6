"""Acceptance runs on real sandboxes: what takes longer than tests. CI runs parts of them after the suite."""
