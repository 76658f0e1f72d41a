"""Baseline: an empty, versioned database. Accounts and rooms build on it."""

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Nothing to create: Alembic's own table of versions makes the file."""


def downgrade() -> None:
    """Nothing to remove."""
