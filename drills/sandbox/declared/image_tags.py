"""Versions that are tags of one image, put in force by an override and new containers of the service."""

from __future__ import annotations

from collections.abc import Sequence

from drills.errors import NotReady
from drills.sandbox.compose.cli import ComposeCli
from drills.sandbox.declared.override import Override, Part
from drills.sandbox.declared.remaking import Remaking
from drills.sandbox.declared.system import ReleaseDeclaration


class ImageTags:
    """See `drills.sandbox.declared.releases.Deploying`.

    What runs and is no tag of the image (the owner's own build, say) is named by its whole image, and can be gone back
    to by that name.
    """

    def __init__(
        self,
        declared: ReleaseDeclaration,
        project: str,
        remaking: Remaking,
        cli: ComposeCli,
        override: Override,
    ) -> None:
        self.known: Sequence[str] = declared.tags
        self._service = declared.service
        self._image = declared.image or ""
        self._project = project
        self._remaking = remaking
        self._cli = cli
        self._override = override

    def current(self) -> str:
        own = self._remaking.of(self._service)
        images = {self._remaking.image(each) for each in own} or {self._described()}
        return "+".join(sorted(map(self._version, images)))

    def refusal(self, version: str) -> str | None:
        if not self._remaking.has_image(self._named(version)):
            return f"the image {self._named(version)} is not on this engine; build it, or pull it"
        return None

    def require(self) -> None:
        self._remaking.require(self._service)

    def bring(self, version: str, seconds: float, *, back: bool) -> None:  # noqa: ARG002 - the same both ways
        former = self._override.part(Part.RELEASES)
        self._override.put(Part.RELEASES, {})
        try:
            if self._version(self._described()) != version:
                self._override.put(Part.RELEASES, {"services": {self._service: {"image": self._named(version)}}})
            self._remaking.remake(self._service, seconds)
        except NotReady:
            raise
        except BaseException:
            self._override.put(Part.RELEASES, former)
            raise

    def about(self, version: str) -> str:
        name = self._named(version)
        return name if self._remaking.has_image(name) else f"{name}, which is not on this engine"

    def _described(self) -> str:
        """The image that the compose file, and what is in force, give the service."""
        described = self._cli.services().get(self._service, {})
        return str(described.get("image") or f"{self._project}-{self._service}")

    def _version(self, image: str) -> str:
        if image.startswith(f"{self._image}:"):
            return image.removeprefix(f"{self._image}:")
        return image if ":" in image.rpartition("/")[2] else f"{image}:latest"

    def _named(self, version: str) -> str:
        """The image of a version; one that is no tag is an image already."""
        return version if ":" in version else f"{self._image}:{version}"
