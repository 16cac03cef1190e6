"""Toxiproxy for the links of a project: a container for each pair of a caller and a callee, marked as ours.

They bear no label of Compose's: to its owner, the project is what it was. What is ours is known by our own labels,
which say for which project it is and whose state folder it belongs to.
"""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drills.errors import BadInput, EnvironmentFailed
from drills.sandbox.compose.containers import Containers
from drills.sandbox.declared.toxiproxy_image import IMAGE, require_image
from drills.sandbox.ports import HOST

if TYPE_CHECKING:
    from drills.sandbox.toxiproxy import Toxiproxy

_PROJECT, _STATE, _FROM, _TO, _API = (f"drills.link.{each}" for each in ("project", "state", "from", "to", "api-port"))
_CONFIG = "/links.json"
_API_PORT = 8474
_START_SECONDS = 15.0


@dataclass(frozen=True, order=True, slots=True)
class Pair:
    """A service that calls, and the one that is called."""

    caller: str
    callee: str


@dataclass(frozen=True, slots=True)
class Proxy:
    """One container of ours. `port` is where its API is published on this machine, None while it does not run."""

    id: str
    name: str
    pair: Pair
    port: int | None
    networks: frozenset[str] = frozenset()


class LinkProxies:
    """Those of one project. All raise EnvironmentFailed."""

    def __init__(self, containers: Containers, folder: Path) -> None:
        """`folder` is where the sandbox's state is kept."""
        self._containers = containers
        self._folder = str(folder)

    @property
    def prefix(self) -> str:
        """What the names of all of ours for this project begin with, in whichever workspace they were made."""
        return f"{self._containers.project.name}-drills-link-"

    def name(self, pair: Pair) -> str:
        return f"{self.prefix}{pair.caller}-to-{pair.callee}"

    def list(self) -> tuple[Proxy, ...]:
        """Raises BadInput, with the folder, for another workspace's that is still there."""
        with self._containers.api() as api:
            found = api.containers(all=True, filters={"label": f"{_PROJECT}={self._containers.project.name}"})
        for each in found:
            state_folder = each["Labels"].get(_STATE, "")
            if state_folder != self._folder and Path(state_folder).is_dir():
                raise BadInput(
                    f"another workspace has links in the compose project {self._containers.project.name}; nothing was "
                    f"touched: end its drill, or run `drills sandbox down` there (its state is in {state_folder})"
                )
        return tuple(sorted(map(_proxy, found), key=lambda proxy: proxy.pair))

    def make(self, pair: Pair, networks: Sequence[str], ports: Mapping[int, str]) -> Proxy:
        """A running one on these networks, with a proxy of that name for each port of the callee.

        Replaces one that is there for the pair. It listens on the ports that the callee has.
        """
        require_image(self._containers)
        self.remove(pair)
        api_port = next(port for port in range(_API_PORT, 65536) if port not in ports)
        labels = {
            _PROJECT: self._containers.project.name,
            _STATE: self._folder,
            _FROM: pair.caller,
            _TO: pair.callee,
            _API: str(api_port),
        }
        with self._containers.api() as api:
            made = api.create_container(
                IMAGE,
                ["-host=0.0.0.0", f"-port={api_port}", f"-config={_CONFIG}", "-proxy-metrics"],
                name=self.name(pair),
                environment={"LOG_LEVEL": "info"},
                labels=labels,
                ports=[api_port],
                host_config=api.create_host_config(
                    port_bindings={api_port: (HOST, None)},
                    # A callee's network may have no way to this machine; the engine's own has.
                    network_mode="bridge",
                    restart_policy={"Name": "unless-stopped"},
                    security_opt=["no-new-privileges:true"],
                    log_config={"Type": "json-file", "Config": {"max-size": "1m"}},
                ),
            )["Id"]
            # Read at each start: its links are there again after a restart of the engine.
            api.put_archive(made, "/", _packed(_CONFIG, _config(pair, ports)))
            for network in networks:
                api.connect_container_to_network(made, network)
            api.start(made)
        return self._answering(pair)

    def start(self, proxy: Proxy) -> Proxy:
        """One that was killed, with its proxies as they were made."""
        with self._containers.api() as api:
            api.unpause(proxy.id) if _is_paused(api, proxy.id) else api.start(proxy.id)
        return self._answering(proxy.pair)

    def remove(self, pair: Pair) -> None:
        """Remove it if it is there."""
        for each in self.list():
            if each.pair == pair:
                with self._containers.api() as api:
                    api.remove_container(each.id, force=True, v=True)

    def client(self, proxy: Proxy) -> Toxiproxy:
        """Raises EnvironmentFailed when it does not run."""
        from drills.sandbox.toxiproxy import Toxiproxy  # its HTTP library is slow to load; few commands need it

        if proxy.port is None:
            raise EnvironmentFailed(f"the proxy of {proxy.pair.caller} to {proxy.pair.callee}, {proxy.name}, is down")
        return Toxiproxy(f"http://{HOST}:{proxy.port}")

    def used(self, proxy: Proxy, name: str) -> bool:
        """Whether anybody has connected to the proxy of that name."""
        # What is counted is what closed connections have carried; one that was kept open was logged when it began. The
        # log is short, so that many that came and went may be gone from it.
        if self.client(proxy).received(name):
            return True
        with self._containers.api() as api:
            lines = bytes(api.logs(proxy.id, stdout=True, stderr=True)).decode(errors="replace").splitlines()
        return any('"Accepted client"' in line and f'"name":"{name}"' in line for line in lines)

    def _answering(self, pair: Pair) -> Proxy:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            proxy = next((each for each in self.list() if each.pair == pair), None)
            if proxy is None:
                raise EnvironmentFailed(f"the proxy {self.name(pair)} was removed as it was made")
            try:
                self.client(proxy).version()
            except EnvironmentFailed:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return proxy


def _is_paused(api: Any, container_id: str) -> bool:
    return bool(api.inspect_container(container_id)["State"]["Paused"])


def _proxy(listed: Mapping[str, Any]) -> Proxy:
    labels = listed["Labels"]
    networks = (listed.get("NetworkSettings") or {}).get("Networks") or {}
    published = [int(each["PublicPort"]) for each in listed.get("Ports") or () if each.get("PublicPort")]
    return Proxy(
        id=str(listed["Id"]),
        name=str((listed.get("Names") or ["/?"])[0]).removeprefix("/"),
        pair=Pair(labels.get(_FROM, ""), labels.get(_TO, "")),
        port=published[0] if published and listed.get("State") == "running" else None,
        networks=frozenset(networks),
    )


def _config(pair: Pair, ports: Mapping[int, str]) -> bytes:
    proxies = [
        {"name": name, "listen": f"0.0.0.0:{port}", "upstream": f"{pair.callee}:{port}", "enabled": True}
        for port, name in sorted(ports.items())
    ]
    return json.dumps(proxies).encode()


def _packed(path: str, content: bytes) -> bytes:
    """As an archive that the engine unpacks in a container."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        about = tarfile.TarInfo(path.removeprefix("/"))
        about.size, about.mode = len(content), 0o644
        archive.addfile(about, io.BytesIO(content))
    return packed.getvalue()
