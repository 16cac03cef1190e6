"""Version 1 of the rules, as docs/scoring-1.md tells them. Nothing changes here: stored drills are scored by it."""
