"""Secrets are found and masked: those that are known, and what looks like one."""
