"""The sandbox as real processes on loopback, for machines without Docker."""
