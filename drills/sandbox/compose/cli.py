"""`docker compose`, for what a compose file describes: images, networks, volumes, and containers yet to be made."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from drills.errors import BadInput, DrillsError, EnvironmentFailed
from drills.sandbox.compose.project import Project

#: Making an image takes minutes on a slow line; all else is given this long.
_SECONDS = 180.0
_BUILD_SECONDS = 1200.0

_PORT = re.compile(
    r"(?:bind for |listen tcp\S* |0\.0\.0\.0|127\.0\.0\.1):?\S*?:(\d+)\b.*(?:already allocated|in use)", re.I
)
_UNFINISHED = re.compile(r"service \\?\"([\w.-]+)\\?\" didn't complete successfully: exit (\d+)")
_UNWELL = re.compile(r"container (\S+) (is unhealthy|exited \(\d+\))|dependency (\S+) failed to start", re.I)


class ServiceFailed(EnvironmentFailed):
    """A container ended, or never became healthy; `container` is its name."""

    def __init__(self, message: str, container: str) -> None:
        super().__init__(message)
        self.container = container


class PortTaken(EnvironmentFailed):
    """A port on this machine that the compose file publishes is another program's."""

    def __init__(self, message: str, port: int) -> None:
        super().__init__(message)
        self.port = port


class ComposeCli:
    """The command line, always with this project's name, file and folder.

    Every call raises EnvironmentFailed with one line when it fails, ServiceFailed when that was a container's doing,
    PortTaken when it was a port's, and BadInput for a compose file that cannot be used.
    """

    def __init__(
        self,
        project: Project,
        override: Callable[[], Path | None] = lambda: None,
        made: Callable[[], None] = lambda: None,
    ) -> None:
        """`override` gives a second compose file, which adds to the project's own, as long as there is one; `made` is
        called after containers may have been made.
        """
        self._made = made
        self._project = project
        self._override = override

    def build(self, variables: Mapping[str, str], services: Sequence[str] = ()) -> None:
        """Build the images of these services (all without names); what has not changed takes no time."""
        self._run(["build", "--quiet", *services], variables, _BUILD_SECONDS)

    def pulled_images(self) -> frozenset[str]:
        """The names of the images that services run and that are not built here."""
        return frozenset(each["image"] for each in self.services().values() if "build" not in each)

    def services(self) -> dict[str, dict[str, Any]]:
        """What the compose file says of each service, its variables filled in."""
        services: dict[str, dict[str, Any]] = json.loads(self._run(["config", "--format", "json"], {}, _SECONDS))[
            "services"
        ]
        return services

    def config_hash(self, service: str) -> str:
        """Compose's digest of what its files say of a service; its containers bear it as a label."""
        said = self._run(["--profile", "*", "config", "--hash", service], {}, _SECONDS).split()
        return said[-1] if said else ""

    def service_names(self) -> frozenset[str]:
        """All of them, whatever their profiles."""
        return frozenset(self._run(["--profile", "*", "config", "--services"], {}, _SECONDS).split())

    def _image_of(self, service: str) -> str | None:
        try:
            return self.services().get(service, {}).get("image")
        except DrillsError:
            return None

    def up(self, services: Sequence[str], variables: Mapping[str, str], *, options: Sequence[str] = ()) -> None:
        """Make and start what is missing of these services (all without names)."""
        self._run(["up", "--detach", "--quiet-pull", *options, *services], variables, _BUILD_SECONDS)
        self._made()

    def run_once(self, service: str, command: Sequence[str], variables: Mapping[str, str]) -> None:
        """Run a command in a container of that service made for it alone."""
        self._run(["run", "--rm", "--no-deps", "-T", service, *command], variables, _SECONDS)

    def stop(self) -> None:
        """Stop the project's containers; they stay, and so does what they wrote."""
        self._run(["--profile", "*", "stop"], {}, _SECONDS)

    def down(self, variables: Mapping[str, str]) -> None:
        """Remove the project's containers, network and volumes."""
        self._run(["--profile", "*", "down", "--volumes", "--timeout", "2"], variables, _SECONDS)

    def _run(self, words: Sequence[str], variables: Mapping[str, str], seconds: float) -> str:
        command = shutil.which("docker")
        if command is None:
            raise EnvironmentFailed(
                "the command `docker` is not on PATH; install Docker's command line with Compose v2"
            )
        where = self._project
        # What is set here comes before the user's own environment and .env file.
        environment = {key: value for key, value in os.environ.items() if key not in ("DOCKER_CONTEXT", "COMPOSE_FILE")}
        environment |= {**variables, "DOCKER_HOST": where.host, "COMPOSE_PROJECT_NAME": where.name}
        # Containers that the compose file does not know (any more) are somebody's.
        environment["COMPOSE_REMOVE_ORPHANS"] = "false"
        options = ["--project-name", where.name, "--project-directory", str(where.folder)]
        options += [word for file in where.files for word in ("--file", str(file))]
        if (override := self._override()) is not None:
            options += ["--file", str(override)]
        try:
            done = subprocess.run(
                [command, "compose", "--progress", "plain", *options, *words],
                env=environment,
                cwd=where.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                # Ctrl-C in a terminal is for us to act on: what mends is not to be cut short by it.
                start_new_session=words[0] != "build",
            )
        except subprocess.TimeoutExpired:
            raise EnvironmentFailed(f"docker compose {words[0]} did not end within {seconds:g} s") from None
        except OSError as error:
            raise EnvironmentFailed(f"{command} cannot be run: {error.strerror}") from error
        if done.returncode != 0:
            raise failure(done.stderr + done.stdout, str(where.file), self._image_of)
        return done.stdout


def failure(
    said: str, file: str, image_of: Callable[[str], str | None] = lambda _: None
) -> EnvironmentFailed | BadInput:
    """What a failed command's output means, in one line.

    `image_of` tells a service's image: of one that cannot be fetched, Compose often names the service only.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    text = "\n".join(lines)
    last = _last_words(lines)
    if "is not a docker command" in text or "unknown flag: --progress" in text or "unknown shorthand flag" in text:
        return EnvironmentFailed("Docker's command line has no Compose v2; install the plugin docker-compose")
    if "Cannot connect to the Docker daemon" in text or "error during connect" in text:
        return EnvironmentFailed(f"the Docker engine does not answer: {last}; start it")
    if "no space left on device" in text:
        return EnvironmentFailed("the Docker engine's disk is full: free some, `docker system df` shows what takes it")
    if match := _PORT.search(text):
        return PortTaken(
            f"port {match[1]} is taken by another program: end that one, or choose another port (see DRILLS_PORT_… "
            f"in {file})",
            int(match[1]),
        )
    if match := _UNFINISHED.search(text):
        return EnvironmentFailed(f"the job {match[1]} failed with status {match[2]}: `docker compose logs {match[1]}`")
    if match := _UNWELL.search(text):
        return ServiceFailed(match[0], match[1] or match[3])
    if re.search(r"pull access denied|manifest unknown|No such image|failed to resolve|not found: manifest|"
                 r"dial tcp|no such host|failed to do request|TLS handshake", text):  # fmt: skip
        image = re.search(r"(?:for|[Ii]mage:?|reference) \"?((?:[\w.-]+:\d+/)?[\w./-]+:[\w.-]+)", text)
        service = re.search(r"^(\S+) Error ", text, re.M)
        name = image[1] if image else image_of(service[1]) if service else None
        which = f"the image {name}" if name else "an image"
        return EnvironmentFailed(f"{which} is missing and cannot be fetched: {last}; `docker compose pull` tries again")
    if match := re.search(r'service "(\S+)" has neither an image nor a build context', text):
        return BadInput(
            f"{file}: there is no service {match[1]!r} any more, and a change of it by drills is in force; "
            "name it so again, and take the change back"
        )
    if re.search(r"yaml:|validating |services\.|additional properties|undefined (service|volume)|no such file", text):
        return BadInput(f"{file}: {last}")
    return EnvironmentFailed(f"docker compose: {last}")


def _last_words(lines: Sequence[str]) -> str:
    relevant = [line for line in lines if re.search(r"error|fail|denied|cannot|unhealthy|exited", line, re.I)]
    return (relevant or lines or ["it failed without output"])[-1]
