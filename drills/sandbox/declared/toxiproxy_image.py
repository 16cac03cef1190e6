"""The image that links run through: Toxiproxy as it is released, built on this machine where it is not there yet."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from drills.errors import EnvironmentFailed
from drills.sandbox.compose.containers import Containers

IMAGE = "drills/toxiproxy:2.12.0"
RECIPE = Path(__file__).parent / "toxiproxy"
_BUILD_SECONDS = 1200.0


def require_image(containers: Containers) -> None:
    """Build it if it is missing. Raises EnvironmentFailed when that cannot be done."""
    if containers.image_labels(IMAGE) is not None:
        return
    docker = shutil.which("docker")
    if docker is None:
        raise EnvironmentFailed("the command `docker` is not on PATH; install Docker's command line")
    try:
        done = subprocess.run(
            [
                docker,
                "--host",
                containers.project.host,
                "build",
                "--quiet",
                "--network",
                "host",
                "--tag",
                IMAGE,
                RECIPE,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_BUILD_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentFailed(f"the image {IMAGE} cannot be built: {error}") from error
    if done.returncode != 0:
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        why = said[-1] if said else f"status {done.returncode}"
        raise EnvironmentFailed(f"the image {IMAGE}, which links run through, is missing and cannot be built: {why}")
