"""A Redis or Valkey server as a cache: its commands, its memory, and its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from drills.sandbox.adapters.adapter import ServiceAdapter, asked, login

if TYPE_CHECKING:
    from drills.sandbox.declared.declaration import DeclaredService

#: What bounds its memory and its clients.
SETTINGS = ("maxmemory", "maxmemory-policy", "maxclients", "timeout")


class Redis:
    """Over `run`, which runs one command."""

    def __init__(self, service: str, run: Callable[..., Any]) -> None:
        self.service = service
        self._run = run

    def command(self, *words: str) -> Any:
        return self._run(*words)

    def used_memory(self) -> int:
        answer = self._run("INFO", "memory")
        if isinstance(answer, Mapping):
            return int(answer["used_memory"])
        lines = dict(line.split(":", 1) for line in str(answer).splitlines() if ":" in line)
        return int(lines["used_memory"])

    def setting(self, name: str) -> str:
        answer = self._run("CONFIG", "GET", name)
        pairs = answer if isinstance(answer, Mapping) else dict(zip(answer[::2], answer[1::2], strict=True))
        return str(pairs[name])

    def set(self, name: str, value: str) -> None:
        if self.setting(name) != value:
            self._run("CONFIG", "SET", name, value)

    def clients(self) -> Sequence[Mapping[str, str]]:
        answer = self._run("CLIENT", "LIST")
        if isinstance(answer, str):
            return [
                dict(pair.split("=", 1) for pair in line.split() if "=" in pair) for line in answer.splitlines() if line
            ]
        return [{str(key): str(value) for key, value in each.items()} for each in answer]

    def state(self) -> dict[str, str]:
        return {name: self.setting(name) for name in SETTINGS}

    def restore(self, state: Mapping[str, str]) -> tuple[str, ...]:
        changed = tuple(name for name, value in state.items() if self.setting(name) != value)
        for name in changed:
            self.set(name, state[name])
        return changed


class RedisAdapter(ServiceAdapter):
    """What is known of a service with `adapter: redis`."""

    port: ClassVar[int] = 6379

    def url(self, service: DeclaredService, reached_at: str) -> str:
        return f"redis://{login(service, '')}{reached_at}/0"

    def silence(self, _service: DeclaredService, reached_at: str) -> str | None:
        # One that wants a password first answers too; one that still loads its data says LOADING.
        return asked(reached_at, b"PING\r\n", (b"+PONG", b"-NOAUTH"))

    @property
    def cache(self) -> Callable[[str, str], Redis]:
        return redis_at


def redis_at(service: str, url: str) -> Redis:
    """The server at a URL."""

    def run(*words: str) -> Any:
        from drills.sandbox import direct  # with the server's driver, which is slow to load

        return direct.command_at(url, words)

    return Redis(service, run)
