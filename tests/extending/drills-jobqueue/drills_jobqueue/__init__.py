"""Drills of a job queue: an adapter, a kind of probe and a kind of fault for a server that drills does not know."""
