"""What the service keeps: the alerts that it raised, and which occurrences of its calendar were begun."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("sandbox", sa.String(200), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("alert_id", sa.String(300), nullable=False),
        sa.Column("key", sa.String(250), nullable=False),
        sa.Column("level", sa.String(40), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("probe", sa.String(200), nullable=True),
        sa.Column("drill_id", sa.String(32), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_sandbox_at", "alerts", ["sandbox", "at"])
    op.create_table(
        "calendar_entries",
        sa.Column("entry", sa.String(32), nullable=False),
        sa.Column("says", sa.Text, nullable=False),
        sa.Column("since", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_calendar_entries"),
    )
    op.create_table(
        "occurrences",
        sa.Column("entry", sa.String(32), nullable=False),
        sa.Column("planned", sa.String(32), nullable=False),
        sa.Column("drill", sa.String(200), nullable=False),
        sa.Column("responder", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("claimed_at", sa.String(32), nullable=False),
        sa.Column("started_at", sa.String(32), nullable=True),
        sa.Column("pid", sa.Integer, nullable=True),
        sa.Column("pid_started", sa.Double, nullable=True),
        sa.Column("boot_id", sa.String(64), nullable=True),
        sa.Column("ended_at", sa.String(32), nullable=True),
        sa.Column("exit_status", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("entry", "planned", name="pk_occurrences"),
    )
    op.create_index("ix_occurrences_state", "occurrences", ["state"])


def downgrade() -> None:
    for table in ("occurrences", "calendar_entries", "alerts"):
        op.drop_table(table)
