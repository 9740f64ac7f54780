"""What alembic runs: the versions, on the connection that ``config.attributes`` holds.

The caller opens the connection and ends its transaction: all versions are carried out, or none.
"""

from alembic import context
from sqlalchemy import Connection

from registry.tables import Table


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"])
