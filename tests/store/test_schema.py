"""Opening a store: migrations that fit the models, and a clear refusal of what is not ours."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from drills.errors import BadInput
from drills.model.events import EVENT_FORMAT
from drills.store.schema import REVISIONS, VERSION_TABLE
from drills.store.store import Store
from drills.store.tables import metadata
from tests.scoring.timelines import drill as sample
from tests.store.drill_data import NOON, begin, note

MIGRATIONS = Path(__file__).parents[2] / "drills/store/migrations"


def test_the_migrations_make_exactly_the_tables_of_the_models(store: Store) -> None:
    with store.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_every_revision_is_known_by_name_so_that_opening_needs_no_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    walked = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(walked)) == REVISIONS


def test_opening_a_store_that_is_up_to_date_imports_no_alembic(file_url: str) -> None:
    Store.open(file_url).close()
    program = f"import sys\nfrom drills.store.store import Store\nStore.open({file_url!r}).close()\n"
    program += "sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_processes_that_open_a_new_store_at_once_all_succeed(file_url: str) -> None:
    program = f"from drills.store.store import Store\nStore.open({file_url!r}).close()"
    opening = [subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate()[1] for process in opening] == [b""] * 2


def test_a_store_of_a_newer_version_is_refused_in_one_line(store: Store, store_url: str) -> None:
    with store.database.write() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0999'"))
    with pytest.raises(BadInput, match=r"newer version of drills \(store format 0999") as refused:
        Store.open(store_url)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "body",
    ['{"kind":"teleported","t":1,"at":"2026-11-21T12:00:00Z"}', '{"kind":"note-taken","text":"x","future":1}', "{"],
)
def test_an_event_of_a_newer_version_is_refused_in_one_line(store: Store, body: str) -> None:
    drill = begin(store)
    store.append(drill.drill_id, note())
    with store.database.write() as connection:
        connection.execute(text("UPDATE events SET body = :body"), {"body": body})
    with pytest.raises(BadInput, match="written by a newer version of drills, or is damaged") as refused:
        store.events(drill.drill_id)
    assert "\n" not in str(refused.value)


def test_a_drill_of_a_newer_format_is_refused_in_one_line(store: Store) -> None:
    record = begin(store)
    start = sample().timeline().start
    store.append(record.drill_id, start.model_copy(update={"format": 99}))
    with pytest.raises(BadInput, match=f"its events have format 99, this drills knows {EVENT_FORMAT}; update drills"):
        store.timeline(record.drill_id)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "drills.db"
    path.write_text("dear claims\n" * 1000)
    with pytest.raises(BadInput, match="is not a drills store"):
        Store.open(f"sqlite:///{path}")
    assert path.read_text() == "dear claims\n" * 1000


def test_a_database_with_tables_of_another_program_of_the_same_names_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "drills.db") as connection:
        connection.execute("CREATE TABLE events (what TEXT)")
    with pytest.raises(BadInput, match="has tables that do not belong to drills"):
        Store.open(f"sqlite:///{tmp_path}/drills.db")


@pytest.mark.parametrize("url", ["drills.db", "mysql://localhost/drills", "sqlite://", "nonsense://x"])
def test_a_url_that_cannot_be_a_store_is_refused_with_a_right_one(url: str) -> None:
    with pytest.raises(BadInput, match=r"write sqlite:///path/to/drills\.db or postgresql://"):
        Store.open(url)


def test_times_are_stored_as_text_that_sorts(store: Store) -> None:
    drill = begin(store)
    store.append(drill.drill_id, note())
    with store.database.read() as connection:
        assert connection.execute(text("SELECT at FROM events")).scalar() == "2026-11-21T12:00:00.000000+00:00"
    assert store.events(drill.drill_id)[0].at == NOON
