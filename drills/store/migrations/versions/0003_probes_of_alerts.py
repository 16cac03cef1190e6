"""An alert of the service keeps all the probes that saw it, not only the first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("besides", sa.Text, nullable=True))


def downgrade() -> None:
    op.drop_column("alerts", "besides")
