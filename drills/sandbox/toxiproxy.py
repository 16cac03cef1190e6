"""The client for Toxiproxy, on `toxiproxy-python`.

`toxiproxy-python` keeps the server's address in class attributes and sends its requests without a timeout. Here each
client has a subclass of its own, so that clients of several servers live side by side, and every request has a
deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from toxiproxy.api import APIConsumer
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

from drills.errors import BadInput, EnvironmentFailed
from drills.sandbox.capabilities.links import LinkStatus, Toxic

#: A proxy from the environment must not come between this machine and itself.
_DIRECT: dict[str, str | None] = {"http": None, "https": None, "all": None}


class Toxiproxy:
    """One server's proxies. Calls block for at most `timeout` seconds.

    Every call raises EnvironmentFailed when the server does not answer or fails, or has no such proxy, and BadInput
    when it refuses what it is asked for.
    """

    def __init__(self, url: str, timeout: float = 5) -> None:
        parts = urlsplit(url)
        if parts.hostname is None or parts.port is None:
            raise BadInput(f"toxiproxy: {url} is not an address; write it as http://127.0.0.1:8474")
        self.url = url
        self._timeout = timeout
        # The library reads host and port from the class it is called on.
        self._api: Any = type("Consumer", (APIConsumer,), {"host": parts.hostname, "port": parts.port})

    def version(self) -> str:
        """What the server calls itself."""
        return str(self._call(self._api.get, "/version").json()["version"])

    def create(self, name: str, listen: str, upstream: str) -> LinkStatus:
        """Make a proxy, enabled; the same one again changes nothing, another one by that name is changed.

        Port 0 in `listen` leaves the choice to the system; the answer has it.
        """
        body = {"name": name, "listen": listen, "upstream": upstream, "enabled": True}
        try:
            return _status(self._call(self._api.post, "/proxies", json=body).json())
        except ProxyExists:
            existing = self.link(name)
            same = existing.upstream == upstream and (listen.endswith(":0") or existing.listen == listen)
            if same and existing.enabled:
                return existing
            change = {"enabled": True} if same else {"listen": listen, "upstream": upstream, "enabled": True}
            return _status(self._call(self._api.post, f"/proxies/{name}", json=change).json())

    def delete(self, name: str) -> None:
        """Remove a proxy if it is there."""
        try:
            self._call(self._api.delete, f"/proxies/{name}")
        except NotFound:
            return

    def links(self) -> tuple[LinkStatus, ...]:
        """Every proxy with its toxics, by name."""
        proxies = self._call(self._api.get, "/proxies").json()
        return tuple(_status(proxies[name]) for name in sorted(proxies))

    def link(self, name: str) -> LinkStatus:
        """One proxy with its toxics."""
        return _status(self._known(name, self._api.get, f"/proxies/{name}").json())

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Let connections through, or refuse new ones and close those that are open."""
        self._known(name, self._api.post, f"/proxies/{name}", json={"enabled": enabled})

    def add_toxic(self, name: str, toxic: Toxic) -> None:
        """Put a toxic in place; one that is there already by its name becomes this one."""
        try:
            self._known(name, self._api.post, f"/proxies/{name}/toxics", json=_body(toxic))
        except ProxyExists:
            existing = next(one for one in self.link(name).toxics if one.name == toxic.name)
            if (existing.type, existing.stream) == (toxic.type, toxic.stream):
                self._known(name, self._api.post, f"/proxies/{name}/toxics/{toxic.name}", json=_body(toxic))
            else:
                self.remove_toxic(name, toxic.name)
                self._known(name, self._api.post, f"/proxies/{name}/toxics", json=_body(toxic))

    def remove_toxic(self, name: str, toxic_name: str) -> None:
        """Remove a toxic if it is there."""
        try:
            self._call(self._api.delete, f"/proxies/{name}/toxics/{toxic_name}")
        except NotFound:
            self.link(name)  # an unknown proxy is an error, an unknown toxic is not

    def received(self, name: str) -> int | None:
        """Bytes that a proxy was sent, by both sides, on connections that have ended.

        None when the server keeps no such figures (-proxy-metrics).
        """
        lines = self._call(self._api.get, "/metrics").text.splitlines()
        counted = [line for line in lines if line.startswith("toxiproxy_proxy_received_bytes_total{")]
        if not counted and not any(line.startswith("# HELP") for line in lines):
            return None
        return sum(int(float(line.rpartition(" ")[2])) for line in counted if f'proxy="{name}"' in line)

    def reset(self) -> None:
        """Enable every proxy and remove every toxic."""
        self._call(self._api.post, "/reset")

    def _known(self, name: str, send: Callable[..., requests.Response], path: str, **body: Any) -> requests.Response:
        try:
            return self._call(send, path, **body)
        except NotFound:
            raise EnvironmentFailed(f"toxiproxy at {self.url} has no proxy {name}") from None

    def _call(self, send: Callable[..., requests.Response], path: str, **body: Any) -> requests.Response:
        try:
            answer = send(path, timeout=self._timeout, proxies=_DIRECT, **body)
        except InvalidToxic as error:
            raise BadInput(f"toxiproxy refuses {path}: {_said(error)}") from error
        except requests.RequestException as error:
            raise EnvironmentFailed(f"toxiproxy at {self.url} does not answer: {error}") from error
        if answer.status_code >= 400:
            raise EnvironmentFailed(f"toxiproxy at {self.url}, {path}: {answer.status_code} {answer.text.strip()}")
        return answer


def _said(error: Exception) -> str:
    content = error.args[0] if error.args else b""
    return content.decode(errors="replace").strip() if isinstance(content, bytes) else str(content)


def _body(toxic: Toxic) -> dict[str, Any]:
    return {
        "name": toxic.name,
        "type": toxic.type,
        "stream": toxic.stream,
        "toxicity": toxic.toxicity,
        "attributes": dict(toxic.attributes),
    }


def _status(proxy: dict[str, Any]) -> LinkStatus:
    toxics = tuple(
        Toxic(
            name=toxic["name"],
            type=toxic["type"],
            stream=toxic["stream"],
            toxicity=toxic["toxicity"],
            attributes=toxic["attributes"],
        )
        for toxic in proxy.get("toxics", ())
    )
    return LinkStatus(proxy["name"], proxy["enabled"], proxy["listen"], proxy["upstream"], toxics)
