"""A real gRPC server with the reference implementation of the health service, and servers that are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc


@contextmanager
def grpc_server(
    statuses: dict[str, str] | None = None, *, pem: Path | None = None, interceptors: Sequence[Any] = ()
) -> Iterator[int]:
    """The port of a server whose services have these statuses; without any it has no health service."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4), interceptors=interceptors)
    if statuses is not None:
        servicer = health.HealthServicer()
        for service, status in statuses.items():
            servicer.set(service, health_pb2.HealthCheckResponse.ServingStatus.Value(status))
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    if pem is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        both = pem.read_bytes()
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(both, both)]))
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


def by_client(port: int, service: str, timeout: float = 3.0) -> tuple[str, str]:
    """The code and the status that gRPC's own client gets."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=timeout)
        except grpc.RpcError as error:
            return error.code().name, ""
        return "OK", health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


class Answering(grpc.ServerInterceptor):  # type: ignore[misc]
    """Every call ends with this status; what was sent along is kept in `metadata`."""

    def __init__(self, code: grpc.StatusCode, words: str) -> None:
        self.metadata: dict[str, Any] = {}

        def handle(_request: bytes, context: Any) -> bytes:
            self.metadata = dict(context.invocation_metadata())
            context.abort(code, words)
            return b""

        self._handler = grpc.unary_unary_rpc_method_handler(handle)

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        return self._handler
