"""A whole drill in memory, and as a file while the store cannot be written."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from drills.errors import BadInput, EnvironmentFailed
from drills.file_replacement import replace_file
from drills.model.events import Event, event_from_json, event_to_json
from drills.store.records import DrillRecord
from drills.store.undos import OwedUndo

FORMAT = 1
_SUFFIX = ".unstored.json"
_RECORD: TypeAdapter[DrillRecord] = TypeAdapter(DrillRecord)
_UNDO: TypeAdapter[OwedUndo] = TypeAdapter(OwedUndo)


@dataclass(frozen=True, slots=True)
class DrillCopy:
    """All that its runner knows of a drill, stored or not."""

    record: DrillRecord
    events: tuple[Event, ...]
    undos: tuple[OwedUndo, ...]


def fallback_folders(state_dir: Path, reports_dir: Path) -> tuple[Path, ...]:
    """Where the file of a drill may lie, in the order in which they are tried: on a full disk another one may do."""
    name = hashlib.sha256(str(state_dir.absolute()).encode()).hexdigest()[:16]
    return state_dir, reports_dir, Path(tempfile.gettempdir()) / f"drills-unstored-{os.geteuid()}-{name}"


def save(copy: DrillCopy, folders: Sequence[Path]) -> Path:
    """Write the drill to the first of these folders that takes it. Raises EnvironmentFailed when none does."""
    text = json.dumps(
        {
            "format": FORMAT,
            "record": _RECORD.dump_python(copy.record, mode="json"),
            "events": [json.loads(event_to_json(event)) for event in copy.events],
            "undos": [_UNDO.dump_python(undo, mode="json") for undo in copy.undos],
        },
        ensure_ascii=False,
    )
    refused = []
    for folder in folders:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.stat().st_uid != os.geteuid() and os.geteuid() != 0:
                raise PermissionError(0, "belongs to another user")
            path = folder / f"{copy.record.drill_id}-{copy.record.started_at:%H%M%S}{_SUFFIX}"
            replace_file(path, text, durable=True)
            return path
        except OSError as error:
            refused.append(f"{folder}: {error.strerror or error}")
    raise EnvironmentFailed(f"{copy.record.drill_id}: cannot be kept anywhere: {'; '.join(refused)}")


def saved(folders: Sequence[Path]) -> Iterator[tuple[Path, DrillCopy | BadInput]]:
    """Every file that `save` left in these folders, with the drill, or why it cannot be read."""
    for folder in folders:
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            try:
                yield path, load(path)
            except BadInput as error:
                yield path, error


def load(path: Path) -> DrillCopy:
    """Raises BadInput, in one line, for a file that cannot be used."""
    try:
        if path.stat().st_uid not in (os.geteuid(), 0):
            raise BadInput(f"{path}: belongs to another user; nothing is taken from it")
        body = json.loads(path.read_text(encoding="utf-8"))
        if body["format"] != FORMAT:
            raise BadInput(f"{path}: has format {body['format']}, this drills knows {FORMAT}; update drills")
        return DrillCopy(
            record=_RECORD.validate_python(body["record"]),
            events=tuple(event_from_json(json.dumps(event)) for event in body["events"]),
            undos=tuple(_UNDO.validate_python(undo) for undo in body["undos"]),
        )
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise BadInput(f"{path}: is not a saved drill, or is damaged; remove or repair it") from error
