"""Version 2 of the rules, as docs/scoring.md tells them; every rule of its text is one small file here."""
