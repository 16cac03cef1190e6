"""The first tables: drills, their events, scorecards and owed undos; observations; the kill switch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drills",
        sa.Column("drill_id", sa.String(32), nullable=False),
        sa.Column("day", sa.String(8), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("scenario", sa.String(200), nullable=False),
        sa.Column("sandbox", sa.String(200), nullable=False),
        sa.Column("responder", sa.String(32), nullable=False),
        sa.Column("blind", sa.Boolean, nullable=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("origin", sa.Double, nullable=False),
        sa.Column("boot_id", sa.String(64), nullable=False),
        sa.Column("runner_pid", sa.Integer, nullable=False),
        sa.Column("runner_started", sa.Double, nullable=False),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("ended_at", sa.String(32), nullable=True),
        sa.PrimaryKeyConstraint("drill_id", name="pk_drills"),
        sa.UniqueConstraint("day", "number", name="uq_drills_day"),
    )
    op.create_index("ix_drills_sandbox_result", "drills", ["sandbox", "result"])
    op.create_table(
        "events",
        sa.Column("drill_id", sa.String(32), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("t", sa.Double, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("drill_id", "seq", name="pk_events"),
        sa.ForeignKeyConstraint(["drill_id"], ["drills.drill_id"], name="fk_events_drill_id"),
    )
    op.create_table(
        "observations",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("probe", sa.String(200), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("started", sa.Double, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("phases", sa.Text, nullable=False),
        sa.Column("metrics", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("lateness", sa.Double, nullable=False),
        sa.Column("vantage", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_observations"),
    )
    op.create_index("ix_observations_probe_at", "observations", ["probe", "at"])
    op.create_table(
        "undo_journal",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("drill_id", sa.String(32), nullable=False),
        sa.Column("sandbox", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("written_at", sa.String(32), nullable=False),
        sa.Column("settled_at", sa.String(32), nullable=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_failure", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_undo_journal"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_undo_journal_sandbox_settled_at", "undo_journal", ["sandbox", "settled_at"])
    op.create_table(
        "scorecards",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("drill_id", sa.String(32), nullable=False),
        sa.Column("scenario", sa.String(200), nullable=False),
        sa.Column("rules_version", sa.Integer, nullable=False),
        sa.Column("made_at", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scorecards"),
        sa.ForeignKeyConstraint(["drill_id"], ["drills.drill_id"], name="fk_scorecards_drill_id"),
    )
    op.create_index("ix_scorecards_drill_id", "scorecards", ["drill_id"])
    op.create_table(
        "kill_switch",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("stopped_at", sa.String(32), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kill_switch"),
    )


def downgrade() -> None:
    for table in ("kill_switch", "scorecards", "undo_journal", "observations", "events", "drills"):
        op.drop_table(table)
