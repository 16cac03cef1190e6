"""The links of a declared project: connections of a caller to a port of a callee, led through Toxiproxy for a while.

    web ──► db                    until a drill (or a command) disturbs a link
    web ──► toxiproxy ──► db      for web alone, under every name that db has for it; worker ──► db as before

No container is recreated, and no file of the owner's is edited: the caller is restarted with other names on its
networks (`endpoints`), and a container of ours (`proxies`) listens there on the callee's ports. What is in force can be
read from the engine, so that any later process takes it away.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from drills.errors import BadInput, EnvironmentFailed
from drills.nearest import suggest
from drills.sandbox.capabilities.links import LinkStatus, Toxic, bring_back
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.compose.containers import Container, Containers
from drills.sandbox.declared.declaration import DeclaredLink, DeclaredService
from drills.sandbox.declared.endpoints import Endpoints
from drills.sandbox.declared.link_names import Endpoint, names_of, own_words, shared
from drills.sandbox.declared.proxies import LinkProxies, Pair, Proxy

_DIRECT = "not through Toxiproxy now"


class DeclaredLinks:
    """See `drills.sandbox.capabilities.links.Links`.

    Raises BadInput for an unknown link, EnvironmentFailed for what cannot be done.
    """

    def __init__(
        self,
        containers: Containers,
        endpoints: Endpoints,
        proxies: LinkProxies,
        declared: Mapping[str, DeclaredLink],
        services: Mapping[str, DeclaredService],
        await_ready: Callable[[str], None],
        lock: ChangeLock,
    ) -> None:
        """`await_ready` waits until a service answers."""
        self._containers = containers
        self._endpoints = endpoints
        self._proxies = proxies
        self._declared = dict(declared)
        self._services = services
        self._await_ready = await_ready
        self._lock = lock

    # --- what is there

    def list(self) -> Sequence[LinkStatus]:
        """All that are declared; one that is not led through Toxiproxy now is open and says so."""
        led = self._led()
        proxies = {each.pair: each for each in self._proxies.list()}
        return tuple(
            self._status(name, proxies.get(pair_of(link)), led=pair_of(link) in led)
            for name, link in self._declared.items()
        )

    def used(self, link: str) -> bool | None:
        """Whether its caller has connected since it was led through Toxiproxy; None when it is not."""
        proxy = self._proxy(self._known(link))
        return None if proxy is None else self._proxies.used(proxy, link)

    def callers(self, links: Collection[str]) -> tuple[str, ...]:
        """The services that are restarted when these are led through Toxiproxy."""
        return tuple(dict.fromkeys(self._known(name).from_ for name in links))

    # --- what disturbs; a link that is not led through Toxiproxy yet is so first

    def set(self, link: str, *, enabled: bool) -> None:
        with self._lock.held():
            if enabled and pair_of(self._known(link)) not in self._led():
                return
            self.put_in([link])
            self._client(link).set_enabled(link, enabled)

    def add_toxic(self, link: str, toxic: Toxic) -> None:
        with self._lock.held():
            self.put_in([link])
            self._client(link).add_toxic(link, toxic)

    def remove_toxic(self, link: str, name: str) -> None:
        with self._lock.held():
            if pair_of(self._known(link)) not in self._led():
                return
            self.put_in([link])
            self._client(link).remove_toxic(link, name)

    # --- in and out

    def put_in(self, links: Collection[str]) -> tuple[str, ...]:
        """Lead these through Toxiproxy, and all others of the same pairs; returns the services that were restarted.

        What is so already is left alone; a proxy that was killed or removed is there again.
        """
        with self._lock.held():
            restarted = self._lead({pair_of(self._known(name)) for name in links})
            for caller in restarted:
                self._await_ready(caller)
            return restarted

    def renew(self) -> None:
        """After containers were recreated: those of a caller whose links are led get the names that the others had."""
        with self._lock.held():
            there = {each.pair for each in self._proxies.list()}
            self._lead(there & {pair_of(link) for link in self._declared.values()})

    def take_out(self, links: Collection[str]) -> tuple[str, ...]:
        """Let their callers reach their callees by themselves again; returns the services that were restarted."""
        gone = {pair_of(self._known(name)) for name in links}
        return self.take_away(but=[name for name, link in self._declared.items() if pair_of(link) not in gone])

    def take_away(self, but: Collection[str] = ()) -> tuple[str, ...]:
        """Let the callers reach their callees by themselves again, `but` for these links; returns what was restarted.

        Takes away what another configuration had declared, too: all that is ours in the project.
        """
        with self._lock.held():
            self._endpoints.reconnect_all()
            kept = {self._proxies.name(pair_of(self._known(name))) for name in but}
            proxies = self._proxies.list()
            changed = self._endpoints.change(
                self._containers.list(),
                lambda endpoint: [each for each in endpoint.links if not self._is_ours(each) or _target(each) in kept],
            )
            for proxy in proxies:
                if proxy.name not in kept:
                    self._proxies.remove(proxy.pair)
            return tuple(dict.fromkeys(each.service for each in changed))

    # --- the state before and after a drill

    def state(self) -> dict[str, Any]:
        """Those that are led through Toxiproxy, with what disturbs them."""
        led = self._led()
        return {each.name: each.state for each in self.list() if pair_of(self._declared[each.name]) in led}

    def restore(self, state: Mapping[str, Any]) -> tuple[str, ...]:
        """Bring all links to that state; returns what had to be changed."""
        before = self.state()
        self.take_away(but=[name for name in state if name in self._declared])
        self.put_in([name for name in state if name in self._declared])
        bring_back(self, state)
        return tuple(
            f"links.{name}: {_as_text(before.get(name))} → {_as_text(state.get(name))}"
            for name in sorted({*before, *state})
            if before.get(name) != state.get(name)
        )

    # ---

    def _lead(self, pairs: Collection[Pair]) -> tuple[str, ...]:
        """Give the callers of these pairs the names; returns those that were restarted for it."""
        self._endpoints.reconnect_all()
        restarted = []
        for caller in sorted({pair.caller for pair in pairs}):
            own = self._of(caller)
            names: dict[str, list[str]] = {}
            for pair in sorted(pair for pair in pairs if pair.caller == caller):
                for network, links_there in self._through(pair, own).items():
                    names.setdefault(network, []).extend(links_there)
            if self._endpoints.change(own, partial(_joined, names)):
                restarted.append(caller)
        return tuple(restarted)

    def _known(self, link: str) -> DeclaredLink:
        if link not in self._declared:
            raise BadInput(f"there is no link {link!r} in drills.yaml, sandbox.links; {suggest(link, self._declared)}")
        return self._declared[link]

    def _of(self, service: str) -> Sequence[Container]:
        return [each for each in self._containers.list() if each.service == service]

    def _led(self) -> frozenset[Pair]:
        """The pairs of which a caller has the name of our proxy."""
        targets = {
            _target(link)
            for caller in {link.from_ for link in self._declared.values()}
            for container in self._of(caller)
            for endpoint in self._endpoints.of(container)
            for link in endpoint.links
        }
        pairs = map(pair_of, self._declared.values())
        return frozenset(pair for pair in pairs if self._proxies.name(pair) in targets)

    def _is_ours(self, link: str) -> bool:
        return _target(link).startswith(self._proxies.prefix)

    def _proxy(self, link: DeclaredLink) -> Proxy | None:
        return next((each for each in self._proxies.list() if each.pair == pair_of(link)), None)

    def _client(self, link: str) -> Any:
        proxy = self._proxy(self._known(link))
        if proxy is None:
            raise EnvironmentFailed(f"the proxy of link {link} was removed; try again")
        return self._proxies.client(proxy)

    def _status(self, name: str, proxy: Proxy | None, *, led: bool) -> LinkStatus:
        link = self._declared[name]
        upstream = f"{link.to}:{link.port}"
        if not led:
            return LinkStatus(name, True, link.from_, upstream, detail=_DIRECT)
        if proxy is None:
            return LinkStatus(name, False, link.from_, upstream, detail="its proxy was removed")
        try:
            found = self._proxies.client(proxy).link(name)
        except EnvironmentFailed as error:
            return LinkStatus(name, False, link.from_, upstream, detail=str(error))
        return LinkStatus(name, found.enabled, link.from_, upstream, found.toxics)

    def _through(self, pair: Pair, callers: Sequence[Container]) -> Mapping[str, Sequence[str]]:
        """A running proxy for the pair; and the links that its callers are to have on each network."""
        callees = self._of(pair.callee)
        for service, own in ((pair.caller, callers), (pair.callee, callees)):
            if not own:
                raise EnvironmentFailed(f"{service} has no container; `drills sandbox up` makes it")
        from_there = [endpoint for each in callers for endpoint in self._endpoints.of(each)]
        there = [endpoint for each in callees for endpoint in self._endpoints.of(each)]
        networks = shared(from_there, there)
        if not networks:
            raise EnvironmentFailed(f"{pair.caller} and {pair.callee} share no network; nothing can come between them")
        proxy = self._proxy_on(pair, networks, self._ports(pair, callees))
        words = frozenset(name for endpoint in from_there for name in own_words(endpoint, there))
        return {
            network: [f"{proxy.name}:{name}" for name in sorted(names_of(there, network) | words)]
            for network in networks
        }

    def _proxy_on(self, pair: Pair, networks: Sequence[str], ports: Mapping[int, str]) -> Proxy:
        """The one that is there, started when it was killed; a new one when that cannot serve any more."""
        present = next((each for each in self._proxies.list() if each.pair == pair), None)
        if present is not None and present.networks >= set(networks):
            try:
                running = present if present.port is not None else self._proxies.start(present)
                if {each.name for each in self._proxies.client(running).links()} >= set(ports.values()):
                    return running
            except EnvironmentFailed:  # Its network was removed while it was down, for one.
                return self._proxies.make(pair, networks, ports)
        return self._proxies.make(pair, networks, ports)

    def _ports(self, pair: Pair, callees: Sequence[Container]) -> dict[int, str]:
        """The callee's ports by the names of their proxies: the links', and what else it listens on, let through."""
        configured = [self._containers.inspect(each)["Config"] for each in callees]
        exposed = {port for each in configured for port in each.get("ExposedPorts") or ()}
        if packets := sorted(port for port in exposed if not port.endswith("/tcp")):
            raise EnvironmentFailed(
                f"{pair.callee} also answers on {', '.join(packets)}, which Toxiproxy cannot carry: its names cannot "
                f"lead {pair.caller} to a proxy"
            )
        also = {int(port.partition("/")[0]) for port in exposed}
        service = self._services.get(pair.callee)
        if service is not None and service.port is not None:
            also.add(service.port)
        ports = {port: f"port.{port}" for port in also}
        return ports | {link.port: name for name, link in self._declared.items() if pair_of(link) == pair}


def pair_of(link: DeclaredLink) -> Pair:
    return Pair(link.from_, link.to)


def _joined(names: Mapping[str, Sequence[str]], endpoint: Endpoint) -> list[str]:
    """The owner's first: of two for a name the engine takes the last."""
    ours = names.get(endpoint.network, ())
    return [*(each for each in endpoint.links if each not in ours), *ours]


def _target(link: str) -> str:
    return link.partition(":")[0].removeprefix("/")


def _as_text(state: Mapping[str, Any] | None) -> str:
    if state is None:
        return "direct"
    what = "open" if state["enabled"] else "cut"
    return f"{what}, {', '.join(sorted(state['toxics']))}" if state["toxics"] else what
