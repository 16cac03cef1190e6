"""`python -m drills.sandbox.embedded_toxiproxy --host 127.0.0.1 --port 8474`."""

from __future__ import annotations

import argparse
import asyncio

import uvicorn

from drills.sandbox.embedded_toxiproxy.api import Api


async def serve(host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; exit status 1 when the port is taken."""
    api = Api()
    config = uvicorn.Config(
        api.app, host=host, port=port, log_level="warning", lifespan="off", timeout_graceful_shutdown=1, loop="asyncio"
    )
    try:
        await uvicorn.Server(config).serve()
    finally:
        api.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="embedded_toxiproxy", description="A stand-in for toxiproxy-server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8474)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.host, arguments.port))


if __name__ == "__main__":
    main()
