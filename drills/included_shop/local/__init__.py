"""The included system as processes on loopback, for machines without Docker."""
