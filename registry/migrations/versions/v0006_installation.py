"""The installation a registry belongs to, and the cases whose files contradict it.

Types are spelled out here and not taken from ``registry.tables``, which goes on to change.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "installation",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_installation"),
    )
    op.create_table(
        "contradictions",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_contradictions"),
    )
