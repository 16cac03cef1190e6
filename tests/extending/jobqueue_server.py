"""The job queue of these tests, a line for each question: STATUS, HALT, RESUME, JOB. Needs nothing but Python."""

from __future__ import annotations

import socketserver
import sys
from typing import Any


class Queue(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    waiting = 0
    halted = False


class Line(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        queue = self.server
        word = self.rfile.readline().strip()
        if word in (b"HALT", b"RESUME"):
            queue.halted = word == b"HALT"
            queue.waiting = 0
        if word == b"JOB":
            queue.waiting += queue.halted
            self.wfile.write(b"waits\n" if queue.halted else b"done\n")
        else:
            self.wfile.write(b"waiting=%d halted=%d\n" % (queue.waiting, queue.halted))


if __name__ == "__main__":
    with Queue((sys.argv[1], int(sys.argv[2])), Line) as queue:
        print(queue.server_address[1], flush=True)
        queue.serve_forever()
