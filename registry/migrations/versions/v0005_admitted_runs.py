"""Cases: which run of a workflow was admitted under an id."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Say of each case by which run it was admitted."""
    op.add_column("cases", sa.Column("run", sa.String(), nullable=True))
