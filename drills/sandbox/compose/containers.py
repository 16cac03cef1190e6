"""The project's containers: listed in one call, and acted on by their id through the `docker` library."""

from __future__ import annotations

import contextlib
import io
import re
import tarfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from drills.errors import EnvironmentFailed
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose import engine, project
from drills.sandbox.compose.project import Project
from drills.sandbox.ports import HOST

T = TypeVar("T")

_ANSWER_SECONDS = 30.0
_ENDING_SECONDS = 120.0
_FREEZING_ATTEMPTS = 20
#: What the engine gives a container to end in good order, unless it was made with another; -1 is for ever.
_GRACE_SECONDS, _LONGEST_GRACE = 10, 600
#: Older engines answer these with 500.
_SO_ALREADY = re.compile(r"is (not|already) (paused|running)$")


@dataclass(frozen=True, slots=True)
class Container:
    """One container as the engine lists it. `ports` are those published on this machine, by the container's own; of one
    that is published for TCP and for UDP, TCP's. `hosts` are the addresses that they are published at.

    `address` is its own on a network of the engine's, empty while it does not run; this machine's for one that has
    this machine's network. One that shares another's network has that one's ports and address.
    """

    id: str
    name: str
    service: str
    number: int
    state: str
    status: str
    image_id: str
    labels: Mapping[str, str]
    ports: Mapping[int, int]
    image: str = ""
    address: str = ""
    hosts: Mapping[int, str] = field(default_factory=dict)
    network_mode: str = ""

    @property
    def running(self) -> Running:
        if self.state == "paused":
            return Running.PAUSED
        return Running.UP if self.state in ("running", "restarting") else Running.DOWN

    @property
    def release(self) -> str:
        """Empty where a service has no releases."""
        return self.labels.get("drills.release", "")


@dataclass(frozen=True, slots=True)
class Machine:
    """Where containers run."""

    memory_bytes: int
    cores: int


class Containers:
    """All calls raise EnvironmentFailed, with the engine's reason, when the engine does not answer or refuses."""

    def __init__(self, own: Project) -> None:
        self.project = own

    @cached_property
    def _api(self) -> Any:
        import docker  # slow to load; only what acts on containers needs it
        from docker.errors import DockerException

        try:
            return docker.APIClient(base_url=self.project.host, version="auto", timeout=_ANSWER_SECONDS)
        except DockerException as error:
            raise EnvironmentFailed(engine.does_not_answer(self.project.host, error)) from error

    @contextlib.contextmanager
    def api(self) -> Iterator[Any]:
        """The library's client; its errors become EnvironmentFailed."""
        from docker.errors import APIError, DockerException
        from requests import RequestException

        try:
            yield self._api
        except APIError as error:
            raise EnvironmentFailed(f"the Docker engine refuses: {_explained(error)}") from error
        except (DockerException, RequestException) as error:
            raise EnvironmentFailed(engine.does_not_answer(self.project.host, error)) from error

    def list(self) -> tuple[Container, ...]:
        """The project's containers, by service and number, without what was run once by hand.

        Raises BadInput when the name is another folder's.
        """
        found = [_container(each) for each in project.own(self.project, project.listed(self.project))]
        by_id = {each.id: each for each in found}
        kept = [_on_shared_network(each, by_id) for each in found if each.labels.get(project.ONE_OFF) != "True"]
        return tuple(sorted(kept, key=lambda each: (each.service, each.number)))

    # --- what changes a container; none of these minds one that is gone, or is so already

    def start(self, container: Container) -> None:
        self._act(lambda api: api.start(container.id))

    def stop(self, container: Container, seconds: int | None = None) -> None:
        """Ask it to end; by force after so many seconds, or its own `stop_grace_period`."""
        if seconds is None:
            own = self.inspect(container)["Config"].get("StopTimeout")
            seconds = _GRACE_SECONDS if own is None else own if 0 <= own <= _LONGEST_GRACE else _LONGEST_GRACE
        self._act(lambda api: api.stop(container.id, timeout=seconds))

    def kill(self, container: Container) -> None:
        """At once; returns when it has ended."""

        def kill(api: Any) -> None:
            api.kill(container.id)
            api.wait(container.id, timeout=10)

        self._act(kill)

    def pause(self, container: Container) -> None:
        """The kernel may refuse while a process is being born in there, such as a health check: then once more."""
        for attempt in range(_FREEZING_ATTEMPTS):
            try:
                self._act(lambda api: api.pause(container.id))
                return
            except EnvironmentFailed as error:
                if "unable to freeze" not in str(error) or attempt == _FREEZING_ATTEMPTS - 1:
                    raise
                time.sleep(0.2)

    def unpause(self, container: Container) -> None:
        self._act(lambda api: api.unpause(container.id))

    def remove(self, container: Container) -> None:
        self._act(lambda api: api.remove_container(container.id, force=True, v=True))

    def signal(self, container: Container, name: str) -> None:
        self._act(lambda api: api.kill(container.id, signal=name))

    def limit(self, container: Container, *, memory_bytes: int | None, cpus: float | None) -> None:
        """Change its limits, 0 for none; raises EnvironmentFailed when the kernel refuses: less than is in use, say."""
        # The library's own call cannot change a limit on cores that was set when the container was made.
        body: dict[str, int] = {}
        if memory_bytes is not None:
            memory = memory_bytes or self.most.memory_bytes
            body |= {"Memory": memory, "MemorySwap": memory}
        if cpus is not None:
            body["NanoCpus"] = int((cpus or self.most.cores) * 1e9)
        with self.api() as api:
            api._raise_for_status(api._post_json(api._url("/containers/{0}/update", container.id), data=body))

    def _act(self, act: Callable[[Any], object]) -> None:
        from docker.errors import APIError, NotFound

        with self.api() as api:
            try:
                act(api)
            except NotFound:
                return
            except APIError as error:
                # It is so already (stopped, paused, being removed).
                if error.status_code not in (304, 409) and not _SO_ALREADY.search(_explained(error)):
                    raise

    # --- what only checks

    @cached_property
    def most(self) -> Machine:
        """What the engine's machine has: a limit as large is none, and the engine cannot take one away otherwise."""
        with self.api() as api:
            about = api.info()
        return Machine(int(about["MemTotal"]), int(about["NCPU"]))

    def exit_status(self, container: Container) -> int:
        """Of a container that ends by itself; waits for its end."""
        with self.api() as api:
            return int(api.wait(container.id, timeout=_ENDING_SECONDS)["StatusCode"])

    def inspect(self, container: Container) -> dict[str, Any]:
        with self.api() as api:
            return dict(api.inspect_container(container.id))

    def changes(self, container: Container) -> Sequence[dict[str, Any]]:
        """What was changed in its own file system since it was made, as `docker diff` has it: Path and Kind."""
        with self.api() as api:
            return [dict(each) for each in api.diff(container.id) or ()]

    def logs(self, container: Container, *, since: datetime | None = None, tail: int | str = "all") -> str:
        with self.api() as api:
            raw = api.logs(
                container.id, stdout=True, stderr=True, tail=tail, since=None if since is None else since.timestamp()
            )
        return bytes(raw).decode(errors="replace")

    def run_in(self, container: Container, command: Sequence[str]) -> str:
        """Run a program in a running container; its output. Raises EnvironmentFailed when it fails."""
        with self.api() as api:
            made = api.exec_create(container.id, list(command))
            said = bytes(api.exec_start(made["Id"])).decode(errors="replace")
            code = api.exec_inspect(made["Id"])["ExitCode"]
        if code != 0:
            raise EnvironmentFailed(f"{container.service}: {' '.join(command[:3])}: {said.strip() or f'status {code}'}")
        return said

    def read_file(self, container: Container, path: str) -> bytes:
        """A file in a container, running or not."""
        with self.api() as api:
            stream, _about = api.get_archive(container.id, path)
            packed = b"".join(stream)
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            member = archive.extractfile(archive.getmembers()[0])
            return b"" if member is None else member.read()

    def used(self, container: Container) -> dict[str, Any]:
        """What it uses at this moment, in the engine's terms."""
        with self.api() as api:
            return dict(api.stats(container.id, stream=False, one_shot=True, decode=False))

    def volumes(self, names: Collection[str]) -> Sequence[dict[str, Any]]:
        """The volumes with the project's label, and those that compose would take for the project's of these names."""
        with self.api() as api:
            listed = list(api.volumes()["Volumes"] or ())
        taken = {f"{self.project.name}_{name}" for name in names}
        return [each for each in listed if each["Name"] in taken or self._has_label(each)]

    def _has_label(self, volume: dict[str, Any]) -> bool:
        return (volume.get("Labels") or {}).get(project.PROJECT) == self.project.name

    def image_labels(self, name: str) -> Mapping[str, str] | None:
        """None when there is no such image."""
        described = self.image(name)
        return None if described is None else dict(described.get("Labels") or {})

    def image(self, name: str) -> Mapping[str, Any] | None:
        """What an image's containers get from it (Env, Labels, User …); None when there is no such image."""
        from docker.errors import ImageNotFound

        with self.api() as api:
            try:
                return dict(api.inspect_image(name)["Config"] or {})
            except ImageNotFound:
                return None


def standing(containers: Sequence[Container]) -> Running:
    """How a service stands whose containers these are: down when none runs, paused when all that run are frozen."""
    alive = [container for container in containers if container.running is not Running.DOWN]
    if not alive:
        return Running.DOWN
    return Running.PAUSED if all(each.running is Running.PAUSED for each in alive) else Running.UP


def at_once(act: Callable[[Container], T], containers: Sequence[Container]) -> list[T]:
    """The same with several containers at the same time."""
    if not containers:
        return []
    with ThreadPoolExecutor(max_workers=len(containers)) as pool:
        return list(pool.map(act, containers))


def _on_shared_network(container: Container, others: Mapping[str, Container]) -> Container:
    """With the ports and the address of the container whose network it shares (`network_mode: service:NAME`)."""
    other = others.get(container.network_mode.removeprefix("container:"))
    if other is None:
        return container
    return replace(container, ports=other.ports, hosts=other.hosts, address=other.address)


def _container(listed: dict[str, Any]) -> Container:
    published = [each for each in listed.get("Ports") or () if each.get("PublicPort")]
    # Later ones win: addresses for all of IPv4 over those of IPv6, TCP over UDP.
    published.sort(key=lambda each: (each.get("Type") == "tcp", ":" not in str(each.get("IP", ""))))
    mode = str((listed.get("HostConfig") or {}).get("NetworkMode", ""))
    labels = dict(listed.get("Labels") or {})
    number = labels.get(project.NUMBER, "1")
    return Container(
        id=str(listed["Id"]),
        name=str((listed.get("Names") or ["/?"])[0]).removeprefix("/"),
        service=labels.get(project.SERVICE, ""),
        number=int(number) if number.isdigit() else 1,
        state=str(listed.get("State", "")),
        status=str(listed.get("Status", "")),
        image_id=str(listed.get("ImageID", "")),
        labels=labels,
        ports={int(each["PrivatePort"]): int(each["PublicPort"]) for each in published},
        hosts={int(each["PrivatePort"]): _host(str(each.get("IP", ""))) for each in published},
        network_mode=mode,
        image=str(listed.get("Image", "")),
        address=HOST if mode == "host" and listed.get("State") == "running" else _address(listed),
    )


def _host(address: str) -> str:
    """What reaches a port that is published at that address, as URLs have it."""
    if address in ("", "0.0.0.0", "::"):
        return HOST
    return f"[{address}]" if ":" in address else address


def _address(listed: dict[str, Any]) -> str:
    networks = (listed.get("NetworkSettings") or {}).get("Networks") or {}
    return next((str(each["IPAddress"]) for each in networks.values() if each.get("IPAddress")), "")


def _explained(error: Any) -> str:
    said = str(getattr(error, "explanation", None) or error).strip()
    return said.splitlines()[0] if said else type(error).__name__
