"""Whether something answers: `python -SI shop/answers.py PORT [PATH]`, the containers' health check.

With a path, the answer must be 200; without one, an accepted connection is enough. It starts in a few milliseconds,
for it runs in each container every few seconds.
"""

import socket
import sys


def answers(port: int, path: str) -> bool:
    """Asks 127.0.0.1; an answer that takes longer than 2 s is none."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            if not path:
                return True
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(not answers(int(sys.argv[1]), *sys.argv[2:3] or [""]))
