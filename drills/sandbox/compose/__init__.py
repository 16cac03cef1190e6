"""The sandbox as containers: a Docker engine, and the compose CLI for what a compose file describes."""
