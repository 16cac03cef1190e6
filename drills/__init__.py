"""Rehearse incidents: probe, break, measure the response, score it, repair."""

__version__ = "0.1.0"
