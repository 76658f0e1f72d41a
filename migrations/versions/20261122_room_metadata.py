"""Rooms have metadata, and say how many cameras are sent to anybody."""

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add both; rooms that are there have no metadata, and send all cameras."""
    op.add_column("rooms", sa.Column("metadata_text", sa.String(), nullable=False, server_default=""))
    op.add_column("rooms", sa.Column("last_n", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take both away."""
    with op.batch_alter_table("rooms") as table:
        table.drop_column("last_n")
        table.drop_column("metadata_text")
