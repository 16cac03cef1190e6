"""What can be wrong with a declared link: in drills.yaml, and with the two services as Compose's own model has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drills.nearest import suggest
from drills.sandbox.declared.declaration import Act, DeclaredLink, DeclaredService

#: A service as `docker compose config --format json` writes it.
Service = Mapping[str, Any]
#: How a container calls the machine that it runs on.
_MACHINE = ("host.docker.internal", "gateway.docker.internal", "host-gateway")


@dataclass(frozen=True, slots=True)
class Wrong:
    """`yaml_path` is in drills.yaml, or, when it is `theirs`, in the compose files."""

    yaml_path: tuple[str | int, ...]
    wrong: str
    right: str
    theirs: bool = False


def refusal(links: Mapping[str, DeclaredLink], services: Mapping[str, DeclaredService], link: str) -> str | None:
    """Why drills may not disturb that link; None when they may."""
    if link not in links:
        return f"there is no link {link!r} in drills.yaml, sandbox.links; {suggest(link, links)}"
    caller = links[link].from_
    if caller in services and Act.CUT in services[caller].may:
        return None
    return f"drills.yaml: sandbox.services.{caller}.may does not name cut; add it there if its links may be disturbed"


def wrong_by_itself(links: Mapping[str, DeclaredLink], services: Mapping[str, DeclaredService]) -> Iterator[Wrong]:
    """What drills.yaml alone shows."""
    before: dict[tuple[str, str, int], str] = {}
    for name, link in links.items():
        yaml_path = ("sandbox", "links", name)
        if link.from_ not in services:
            wrong = f"there is no service {link.from_!r} in sandbox.services"
            yield Wrong((*yaml_path, "from"), wrong, suggest(link.from_, services))
        elif Act.CUT not in services[link.from_].may:
            wrong = f"its owner does not allow this: sandbox.services.{link.from_}.may does not name cut"
            yield Wrong((*yaml_path, "from"), wrong, "add cut there if its links may be disturbed")
        if link.from_ == link.to:
            yield Wrong((*yaml_path, "to"), "is the service that calls", "name the one that it calls")
        first = before.setdefault((link.from_, link.to, link.port), name)
        if first != name:
            wrong = f"is the same as {first}: {link.from_} to {link.to} at port {link.port}"
            yield Wrong(yaml_path, wrong, "take one of them out")


def wrong_with(links: Mapping[str, DeclaredLink], services: Mapping[str, Service]) -> Iterator[Wrong]:
    """What the project shows, whose services these are."""
    for name, link in links.items():
        yaml_path = ("sandbox", "links", name)
        if link.to not in services:
            wrong = f"the compose file has no service {link.to!r}"
            yield Wrong((*yaml_path, "to"), wrong, suggest(link.to, services))
        elif link.from_ in services and link.from_ != link.to:
            yield from _between(yaml_path, link, services[link.from_], services[link.to])


def _between(yaml_path: tuple[str, ...], link: DeclaredLink, caller: Service, callee: Service) -> Iterator[Wrong]:
    for service, own in ((link.from_, caller), (link.to, callee)):
        if mode := own.get("network_mode"):
            name = yaml_path[-1]
            wrong = f"the link {name} cannot run through Toxiproxy: {service} has network_mode: {mode}, and no names"
            yield Wrong(("services", service, "network_mode"), wrong, "give it a network, or take the link out", True)
            return
    if not _networks(caller).keys() & _networks(callee).keys():
        wrong = f"{link.from_} and {link.to} share no network"
        yield Wrong(yaml_path, wrong, "name services that reach each other by their names")
        return
    yield from _around(yaml_path, link, caller, callee)
    if packets := _udp(callee):
        wrong = f"{link.to} also listens on {packets[0]}/udp, which Toxiproxy cannot carry"
        yield Wrong((*yaml_path, "to"), wrong, "take the link out: its names would lead to nothing there")


def _around(yaml_path: tuple[str, ...], link: DeclaredLink, caller: Service, callee: Service) -> Iterator[Wrong]:
    """Ways by which the caller would reach the callee around the link."""
    names = _names(link.to, callee)
    addresses = _addresses(callee)
    for entry in _texts(caller.get("extra_hosts")):
        host, _, address = entry.partition("=") if "=" in entry else entry.partition(":")
        if host in names or address in addresses:
            wrong = f"leads {link.from_} to {link.to} by an address ({entry}), around the link {yaml_path[-1]}"
            yield Wrong(("services", link.from_, "extra_hosts"), wrong, "take it out, or the link", True)
    published = [f"{host}:{port}" for port in _published(callee, link.port) for host in _MACHINE]
    for key, value in _settings(caller):
        literal = next((each for each in addresses if _has(value, each)), None)
        if literal is not None:
            wrong = f"has the address of {link.to}, {literal}: {link.from_} calls it around the link {yaml_path[-1]}"
            yield Wrong(("services", link.from_, *key), wrong, f"write the name {link.to}", True)
        elif (by_machine := next((each for each in published if _has(value, each)), None)) is not None:
            wrong = f"calls {link.to} by this machine's port ({by_machine}), around the link {yaml_path[-1]}"
            yield Wrong(("services", link.from_, *key), wrong, f"write {link.to}:{link.port}", True)


def _networks(service: Service) -> Mapping[str, Mapping[str, Any]]:
    found = service.get("networks")
    if found is None:
        return {"default": {}}
    if isinstance(found, Mapping):
        return {name: each or {} for name, each in found.items()}
    return {str(name): {} for name in found}


def _names(service: str, callee: Service) -> frozenset[str]:
    aliases = [alias for each in _networks(callee).values() for alias in each.get("aliases") or ()]
    return frozenset({service, *map(str, aliases), *_texts(callee.get("container_name"))})


def _addresses(callee: Service) -> tuple[str, ...]:
    """Those that its owner chose."""
    keys = ("ipv4_address", "ipv6_address")
    return tuple(str(each[key]) for each in _networks(callee).values() for key in keys if each.get(key))


def _published(callee: Service, port: int) -> Sequence[str]:
    ports = [each for each in callee.get("ports") or () if isinstance(each, Mapping)]
    return [str(each["published"]) for each in ports if each.get("target") == port and each.get("published")]


def _udp(callee: Service) -> tuple[str, ...]:
    ports = [each for each in callee.get("ports") or () if isinstance(each, Mapping)]
    packets = [str(each.get("target")) for each in ports if each.get("protocol") == "udp"]
    return (*packets, *(each.removesuffix("/udp") for each in _texts(callee.get("expose")) if each.endswith("/udp")))


def _settings(caller: Service) -> Iterator[tuple[tuple[str, ...], str]]:
    """The values of the caller's environment, command and the like, each with its YAML path."""
    environment = caller.get("environment") or {}
    if isinstance(environment, Mapping):
        for name, value in environment.items():
            yield ("environment", str(name)), str(value)
    for key in ("command", "entrypoint"):
        for each in _texts(caller.get(key)):
            yield (key,), each


def _texts(value: Any) -> Sequence[str]:
    if value is None:
        return ()
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]


def _has(text: str, word: str) -> bool:
    """Whether it is there as a whole: 10.0.0.1 is not in 10.0.0.12."""
    at = text.find(word)
    while at >= 0:
        around = text[at - 1 : at] + text[at + len(word) : at + len(word) + 1]
        if not any(each.isalnum() for each in around):
            return True
        at = text.find(word, at + 1)
    return False
