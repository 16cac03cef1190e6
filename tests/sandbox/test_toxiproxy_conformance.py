"""One suite for two servers: the real Toxiproxy and the embedded stand-in keep the same promises.

Times are judged against a direct round trip through the same proxy and with wide bounds: a slow machine can make
things later, never earlier.
"""

from __future__ import annotations

import os
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
import requests
import toxiproxy as plain

from drills.errors import BadInput, EnvironmentFailed
from drills.sandbox.capabilities.links import Toxic
from drills.sandbox.toxiproxy import Toxiproxy
from drills.sandbox.toxiproxy_command import embedded_command
from tests.free_ports import free_port

NO_PROXY = {"http": None, "https": None, "all": None}
REAL = shutil.which("toxiproxy-server")


@dataclass
class Server:
    url: str
    client: Toxiproxy
    process: subprocess.Popen[bytes]


def start(command: list[str], port: int) -> Server:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Server(f"http://127.0.0.1:{port}", Toxiproxy(f"http://127.0.0.1:{port}"), process)
    deadline = time.monotonic() + 20
    while True:
        try:
            server.client.version()
            return server
        except EnvironmentFailed:
            assert time.monotonic() < deadline, f"{command} did not start"
            assert process.poll() is None, f"{command} ended"
            time.sleep(0.05)


def stop(server: Server) -> None:
    server.process.terminate()
    server.process.wait(10)


@pytest.fixture(scope="module", params=["embedded", "real"] if REAL is not None else ["embedded"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    port = free_port()
    real = [str(REAL), "-host", "127.0.0.1", "-port", str(port)]
    running = start(real if request.param == "real" else embedded_command("127.0.0.1", port), port)
    yield running
    stop(running)


def test_the_real_server_takes_part_in_the_comparison() -> None:
    if REAL is None:
        assert not os.environ.get("DRILLS_REQUIRE_TOXIPROXY"), "toxiproxy-server is required here, and not on PATH"
        pytest.skip("toxiproxy-server is not on PATH: the embedded server is not compared with the real one")


class Echo(socketserver.BaseRequestHandler):
    """Gives back what it gets; `N!` asks for N bytes; remembers what it got."""

    def handle(self) -> None:
        try:
            while data := self.request.recv(65536):
                self.server.heard.append(data)  # type: ignore[attr-defined]
                if data.endswith(b"!"):
                    self.request.sendall(b"x" * int(data[:-1]))
                elif data == b"bye":
                    return
                else:
                    self.request.sendall(data)
        except OSError:
            pass


class Upstream(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(("127.0.0.1", 0), Echo) as running:
        running.heard = []  # type: ignore[attr-defined]
        threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def proxy(server: Server, upstream: Upstream) -> Iterator[Toxiproxy]:
    """The client of a server with one proxy, `link`, in front of the echo service."""
    upstream.heard.clear()  # type: ignore[attr-defined]
    host, port = upstream.server_address[:2]
    server.client.create("link", "127.0.0.1:0", f"{host}:{port}")
    yield server.client
    server.client.delete("link")


def connect(proxy: Toxiproxy) -> socket.socket:
    host, _, port = proxy.link("link").listen.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def receive(connection: socket.socket, size: int) -> bytes:
    """Up to `size` bytes; fewer when the connection ends."""
    parts: list[bytes] = []
    while size > 0 and (part := connection.recv(min(size, 65536))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def ask(connection: socket.socket, data: bytes = b"hello") -> tuple[bytes, float]:
    """The echo, and the seconds that it took."""
    began = time.monotonic()
    connection.sendall(data)
    return receive(connection, len(data)), time.monotonic() - began


def ends(connection: socket.socket) -> None:
    """Assert that the connection is closed, in whatever way."""
    with suppress(ConnectionError):
        assert connection.recv(1) == b""


# ---- what the toxics do ----------------------------------------------------------------------------------------------


def test_without_toxics_everything_passes_unchanged(proxy: Toxiproxy) -> None:
    with connect(proxy) as connection:
        connection.sendall(b"3000000!")
        assert receive(connection, 3_000_000) == b"x" * 3_000_000
        assert ask(connection)[0] == b"hello"


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_latency_delays_an_answer_by_what_it_says(proxy: Toxiproxy, stream: str) -> None:
    with connect(proxy) as connection:
        direct = min(ask(connection)[1] for _ in range(5))
        proxy.add_toxic("link", Toxic("slow", "latency", stream, attributes={"latency": 200}))
        echo, seconds = ask(connection)
        assert echo == b"hello"
        assert seconds >= direct + 0.195
        proxy.remove_toxic("link", "slow")
        assert min(ask(connection)[1] for _ in range(5)) < 0.15


def test_jitter_spreads_latency_within_its_bounds(proxy: Toxiproxy) -> None:
    proxy.add_toxic("link", Toxic("slow", "latency", attributes={"latency": 40, "jitter": 30}))
    with connect(proxy) as connection:
        times = [ask(connection)[1] for _ in range(15)]
    assert min(times) >= 0.009
    assert max(times) - min(times) > 0.005


def test_latency_delays_a_stream_once_and_not_each_chunk(proxy: Toxiproxy) -> None:
    proxy.add_toxic("link", Toxic("slow", "latency", attributes={"latency": 300}))
    with connect(proxy) as connection:
        began = time.monotonic()
        connection.sendall(b"2000000!")
        assert len(receive(connection, 2_000_000)) == 2_000_000
        assert 0.29 <= time.monotonic() - began < 3.0


def test_a_changed_latency_counts_at_once_on_open_connections(proxy: Toxiproxy) -> None:
    proxy.add_toxic("link", Toxic("slow", "latency", attributes={"latency": 5000}))
    with connect(proxy) as connection:
        proxy.add_toxic("link", Toxic("slow", "latency", attributes={"latency": 100}))
        assert 0.095 <= ask(connection)[1] < 4.0


def test_removing_a_latency_frees_what_it_held_back(proxy: Toxiproxy) -> None:
    proxy.add_toxic("link", Toxic("slow", "latency", attributes={"latency": 60_000}))
    with connect(proxy) as connection:
        connection.sendall(b"held")
        time.sleep(0.1)
        proxy.remove_toxic("link", "slow")
        assert receive(connection, 4) == b"held"


def test_timeout_cuts_a_connection_after_its_time_and_passes_nothing(proxy: Toxiproxy, upstream: Upstream) -> None:
    proxy.add_toxic("link", Toxic("gone", "timeout", "upstream", attributes={"timeout": 150}))
    with connect(proxy) as connection:
        began = time.monotonic()
        connection.sendall(b"nobody hears this")
        ends(connection)
        assert time.monotonic() - began >= 0.145
    assert upstream.heard == []  # type: ignore[attr-defined]


def test_a_timeout_of_zero_holds_the_connection_and_removing_it_closes_it(proxy: Toxiproxy) -> None:
    proxy.add_toxic("link", Toxic("gone", "timeout", attributes={"timeout": 0}))
    with connect(proxy) as connection:
        connection.sendall(b"hello")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(10)
        proxy.remove_toxic("link", "gone")
        ends(connection)


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_reset_peer_resets_the_client(proxy: Toxiproxy, stream: str) -> None:
    proxy.add_toxic("link", Toxic("reset", "reset_peer", stream, attributes={"timeout": 0}))
    with connect(proxy) as connection:
        connection.sendall(b"hello")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_reset_peer_ends_connections_that_were_open_before(proxy: Toxiproxy) -> None:
    with connect(proxy) as connection:
        assert ask(connection)[0] == b"hello"
        proxy.add_toxic("link", Toxic("reset", "reset_peer", attributes={"timeout": 0}))
        connection.sendall(b"hello")
        ends(connection)


def test_bandwidth_slows_a_stream_to_its_rate(proxy: Toxiproxy) -> None:
    proxy.add_toxic("link", Toxic("thin", "bandwidth", attributes={"rate": 200}))
    with connect(proxy) as connection:
        began = time.monotonic()
        connection.sendall(b"100000!")
        assert receive(connection, 100_000) == b"x" * 100_000
        assert 0.45 <= time.monotonic() - began < 5.0


def test_removing_a_bandwidth_limit_loses_nothing(proxy: Toxiproxy) -> None:
    proxy.add_toxic("link", Toxic("thin", "bandwidth", attributes={"rate": 10}))
    with connect(proxy) as connection:
        connection.sendall(b"500000!")
        receive(connection, 1000)
        proxy.remove_toxic("link", "thin")
        assert len(receive(connection, 499_000)) == 499_000


def test_limit_data_closes_after_so_many_bytes(proxy: Toxiproxy) -> None:
    proxy.add_toxic("link", Toxic("short", "limit_data", attributes={"bytes": 7}))
    with connect(proxy) as connection:
        connection.sendall(b"1000!")
        assert receive(connection, 1000) == b"x" * 7


def test_slow_close_delays_the_end(proxy: Toxiproxy) -> None:
    proxy.add_toxic("link", Toxic("late", "slow_close", attributes={"delay": 200}))
    with connect(proxy) as connection:
        began = time.monotonic()
        connection.sendall(b"bye")
        ends(connection)
        assert time.monotonic() - began >= 0.195


def test_two_toxics_add_up(proxy: Toxiproxy) -> None:
    proxy.add_toxic("link", Toxic("there", "latency", "upstream", attributes={"latency": 100}))
    proxy.add_toxic("link", Toxic("back", "latency", "downstream", attributes={"latency": 100}))
    with connect(proxy) as connection:
        assert ask(connection)[1] >= 0.195


def test_toxicity_zero_does_nothing_and_one_always_does(proxy: Toxiproxy) -> None:
    cut = {"timeout": 10}
    proxy.add_toxic("link", Toxic("gone", "timeout", toxicity=0.0, attributes=cut))
    for _ in range(5):
        with connect(proxy) as connection:
            assert ask(connection)[0] == b"hello"
    proxy.add_toxic("link", Toxic("gone", "timeout", toxicity=1.0, attributes=cut))
    for _ in range(5):
        with connect(proxy) as connection:
            assert ask(connection)[0] == b""


# ---- proxies ---------------------------------------------------------------------------------------------------------


def test_a_disabled_proxy_refuses_closes_what_is_open_and_comes_back_at_its_address(proxy: Toxiproxy) -> None:
    before = proxy.link("link").listen
    with connect(proxy) as connection:
        assert ask(connection)[0] == b"hello"
        proxy.set_enabled("link", False)
        ends(connection)
    assert proxy.link("link").enabled is False
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.set_enabled("link", False)
    proxy.set_enabled("link", True)
    assert proxy.link("link").listen == before
    with connect(proxy) as connection:
        assert ask(connection)[0] == b"hello"


def test_toxics_survive_a_proxy_that_is_disabled_and_enabled(proxy: Toxiproxy) -> None:
    proxy.add_toxic("link", Toxic("slow", "latency", attributes={"latency": 150}))
    proxy.set_enabled("link", False)
    proxy.set_enabled("link", True)
    with connect(proxy) as connection:
        assert ask(connection)[1] >= 0.145


def test_a_dead_service_behind_the_proxy_closes_the_connection(proxy: Toxiproxy) -> None:
    listen = proxy.link("link").listen
    proxy.create("link", listen, f"127.0.0.1:{free_port()}")
    with connect(proxy) as connection:
        ends(connection)


def test_reset_enables_everything_and_removes_every_toxic(proxy: Toxiproxy) -> None:
    proxy.add_toxic("link", Toxic("slow", "latency", attributes={"latency": 5000}))
    proxy.add_toxic("link", Toxic("thin", "bandwidth", "upstream", attributes={"rate": 1}))
    proxy.set_enabled("link", False)
    proxy.reset()
    link = proxy.link("link")
    assert (link.enabled, link.toxics) == (True, ())
    with connect(proxy) as connection:
        assert ask(connection)[1] < 4.0


def test_links_show_each_proxy_with_its_toxics(proxy: Toxiproxy) -> None:
    toxic = Toxic("slow", "latency", "upstream", 0.5, {"latency": 10, "jitter": 0})
    proxy.add_toxic("link", toxic)
    (link,) = proxy.links()
    assert link == proxy.link("link")
    assert (link.name, link.enabled, link.toxics) == ("link", True, (toxic,))


def test_asking_for_what_already_is_changes_nothing(proxy: Toxiproxy) -> None:
    before = proxy.link("link")
    assert proxy.create("link", before.listen, before.upstream) == before
    proxy.add_toxic("link", Toxic("slow", "latency", attributes={"latency": 10, "jitter": 0}))
    proxy.add_toxic("link", Toxic("slow", "latency", attributes={"latency": 10, "jitter": 0}))
    assert len(proxy.link("link").toxics) == 1
    proxy.add_toxic("link", Toxic("slow", "bandwidth", "upstream", attributes={"rate": 10}))
    assert [toxic.type for toxic in proxy.link("link").toxics] == ["bandwidth"]
    proxy.remove_toxic("link", "slow")
    proxy.remove_toxic("link", "slow")
    assert proxy.link("link") == before


# ---- requests that are refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/proxies/none", None, 404),
        ("POST", "/proxies/none", {"enabled": False}, 404),
        ("DELETE", "/proxies/none", None, 404),
        ("GET", "/proxies/none/toxics", None, 404),
        ("POST", "/proxies/none/toxics", {"type": "latency"}, 404),
        ("GET", "/proxies/link/toxics/none", None, 404),
        ("PATCH", "/proxies/link/toxics/none", {"attributes": {}}, 404),
        ("DELETE", "/proxies/link/toxics/none", None, 404),
        ("POST", "/proxies", {"name": "link", "upstream": "127.0.0.1:1"}, 409),
        ("POST", "/proxies", {"name": "other"}, 400),
        ("POST", "/proxies", {"upstream": "127.0.0.1:1"}, 400),
        ("POST", "/proxies", "no json", 400),
        ("POST", "/proxies", {"name": 7, "upstream": "127.0.0.1:1"}, 400),
        ("POST", "/proxies", {"name": "other", "upstream": "127.0.0.1:1", "listen": "nowhere"}, 500),
        ("POST", "/proxies/link", "no json", 400),
        ("POST", "/proxies/link", {"enabled": "yes"}, 400),
        ("POST", "/proxies/link/toxics", {"type": "unheard-of"}, 400),
        ("POST", "/proxies/link/toxics", {"type": "latency", "stream": "sideways"}, 400),
        ("POST", "/proxies/link/toxics", {"type": "latency", "attributes": {"latency": "long"}}, 400),
        ("POST", "/proxies/link/toxics", {"type": "latency", "attributes": {"latency": 1.5}}, 400),
        ("POST", "/proxies/link/toxics", {"type": "latency", "toxicity": "often"}, 400),
        ("POST", "/populate", {"name": "other"}, 400),
        ("POST", "/populate", [{"name": "other"}], 400),
        ("DELETE", "/proxies", None, 405),
        ("GET", "/reset", None, 405),
        ("GET", "/nothing-here", None, 404),
        ("GET", "/version", None, 200),
        ("PATCH", "/proxies/link", {"enabled": True}, 200),
        ("POST", "/proxies/link/toxics", {"type": "latency", "attributes": {"unknown": 1}}, 200),
    ],
)
def test_both_servers_answer_with_the_same_status(
    server: Server, proxy: Toxiproxy, method: str, path: str, body: object, status: int
) -> None:
    arguments = {"data": body} if isinstance(body, str) else {"json": body} if body is not None else {}
    answer = requests.request(method, server.url + path, timeout=5, proxies=NO_PROXY, **arguments)
    assert answer.status_code == status
    if status in {400, 404, 409, 500} and path != "/nothing-here":
        assert answer.json()["error"]
        assert answer.json()["status"] == status
    assert [link.name for link in proxy.links()] == ["link"]


def test_a_second_toxic_of_one_name_conflicts(server: Server, proxy: Toxiproxy) -> None:
    def add() -> int:
        url = f"{server.url}/proxies/link/toxics"
        return requests.post(url, json={"type": "latency"}, timeout=5, proxies=NO_PROXY).status_code

    assert [add(), add()] == [200, 409]
    assert [toxic.name for toxic in proxy.link("link").toxics] == ["latency_downstream"]


def test_populate_makes_several_and_keeps_what_is_the_same(server: Server, proxy: Toxiproxy) -> None:
    proxy.add_toxic("link", Toxic("slow", "latency", attributes={"latency": 1, "jitter": 0}))
    link = proxy.link("link")
    wanted = [
        {"name": "link", "listen": link.listen, "upstream": link.upstream},
        {"name": "second", "listen": "127.0.0.1:0", "upstream": link.upstream, "enabled": False},
    ]
    answer = requests.post(f"{server.url}/populate", json=wanted, timeout=5, proxies=NO_PROXY)
    try:
        assert answer.status_code == 201
        assert [one["name"] for one in answer.json()["proxies"]] == ["link", "second"]
        assert proxy.link("link") == link
        assert proxy.link("second").enabled is False
    finally:
        proxy.delete("second")


# ---- the client ------------------------------------------------------------------------------------------------------


def test_the_client_names_what_it_misses(proxy: Toxiproxy) -> None:
    with pytest.raises(EnvironmentFailed, match="has no proxy none"):
        proxy.set_enabled("none", False)
    with pytest.raises(EnvironmentFailed, match="has no proxy none"):
        proxy.remove_toxic("none", "slow")
    with pytest.raises(BadInput, match="invalid toxic type"):
        proxy.add_toxic("link", Toxic("x", "unheard-of"))


def test_the_port_of_a_running_service_is_refused_in_one_line(proxy: Toxiproxy, upstream: Upstream) -> None:
    taken = "{}:{}".format(*upstream.server_address[:2])
    with pytest.raises(EnvironmentFailed, match="in use"):
        proxy.create("second", taken, "127.0.0.1:1")
    assert [link.name for link in proxy.links()] == ["link"]


def test_the_plain_library_works_with_it(server: Server, proxy: Toxiproxy) -> None:
    from toxiproxy.api import APIConsumer

    before = APIConsumer.host, APIConsumer.port
    library = plain.Toxiproxy()
    library.update_api_consumer("127.0.0.1", int(server.url.rpartition(":")[2]))
    try:
        assert library.running()
        second = library.create(name="second", upstream=proxy.link("link").upstream)
        second.add_toxic(type="latency", attributes={"latency": 5})
        assert list(second.toxics()) == ["latency_downstream"]
        with second.down():
            assert proxy.link("second").enabled is False
        assert proxy.link("second").enabled is True
        assert second.destroy_toxic("latency_downstream")
        assert library.destroy(second)
    finally:
        library.update_api_consumer(*before)


def test_clients_of_two_servers_in_one_process_do_not_collide(proxy: Toxiproxy) -> None:
    port = free_port()
    other = start(embedded_command("127.0.0.1", port), port)
    try:
        other.client.create("elsewhere", "127.0.0.1:0", "127.0.0.1:1")
        assert [link.name for link in proxy.links()] == ["link"]
        assert [link.name for link in other.client.links()] == ["elsewhere"]
    finally:
        stop(other)
