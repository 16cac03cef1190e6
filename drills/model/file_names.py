"""Names of files as people write them into others."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

#: Linux's PATH_MAX, with room for the folder that a path is taken from; and NAME_MAX.
_LONGEST_PATH, _LONGEST_NAME = 2000, 255


def _a_path(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError(f"{text!r} is not the name of a file; write one without control characters")
    if len(text) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_NAME for part in text.split("/")):
        raise ValueError(
            f"a path of {len(text)} characters is longer than a file may have; write {_LONGEST_PATH} at most, and "
            f"{_LONGEST_NAME} bytes in each part"
        )
    return text


FilePath = Annotated[str, AfterValidator(_a_path)]
