"""What happens after a drill: post-mortems, action items, follow-up tasks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "after_events",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("drill_id", sa.String(32), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_after_events"),
        sa.ForeignKeyConstraint(["drill_id"], ["drills.drill_id"], name="fk_after_events_drill_id"),
    )
    op.create_index("ix_after_events_drill_id", "after_events", ["drill_id"])


def downgrade() -> None:
    op.drop_table("after_events")
