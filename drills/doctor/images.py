"""The images of a compose sandbox: those that are pulled, those that are built here, and what these are built from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from drills.doctor.check import Check
from drills.errors import DrillsError
from drills.sandbox.compose import engine
from drills.sandbox.compose.project import Project

_FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*([^\s$]+)(?:\s|$)", re.MULTILINE | re.IGNORECASE)


def check_images(project: Project) -> Check:
    """Images to pull must be present; for those that are built, says what the first `up` will fetch."""
    from drills.sandbox.compose.cli import ComposeCli

    try:
        wanted = ComposeCli(project).pulled_images()
        present = {tag for image in engine.ask(project.host, "/images/json") for tag in image.get("RepoTags") or ()}
    except DrillsError as error:
        return Check("images", False, str(error), "check the compose file: docker compose config")
    missing = sorted(wanted - present)
    says = f"missing: {', '.join(missing)}" if missing else f"{len(wanted)} to pull are all there"
    bases = {image: base for image, base in _built(project) if image not in present}
    if bases:
        fetched = [*sorted({base for base in bases.values() if base and base not in present}), "their packages"]
        says += f"; the first `up` builds {', '.join(sorted(bases))}: it fetches {', '.join(fetched)} from the network"
    return Check("images", not missing, says, "docker compose pull" if missing else "")


def _built(project: Project) -> Iterator[tuple[str, str]]:
    """Each image that an `up` would build, and the public one that it is built from, empty when that is not known.

    A service with profiles is not part of an `up`; an image whose name depends on more than the project's is left out.
    """
    try:
        services = yaml.safe_load(project.file.read_text(encoding="utf-8"))["services"]
        for service in services.values():
            image = service.get("image", "").replace("${COMPOSE_PROJECT_NAME}", project.name)
            if "build" in service and image and "$" not in image and not service.get("profiles"):
                yield image, _base(project.folder, service["build"])
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        return  # Compose itself has read the file, and reports what is wrong with it.


def _base(folder: Path, build: str | dict[str, str]) -> str:
    about = {"context": build} if isinstance(build, str) else build
    dockerfile = folder / about.get("context", ".") / about.get("dockerfile", "Dockerfile")
    try:
        found = _FROM.search(dockerfile.read_text(encoding="utf-8"))
    except OSError:
        return ""
    return found[1] if found and found[1] != "scratch" else ""
