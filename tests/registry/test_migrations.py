"""The versions of the schema, added up, are the tables of ``registry.tables``."""

from collections.abc import Callable
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

from registry.database.engine import migration_config, upgrade
from registry.migrations import REVISIONS
from registry.tables import Table


def shape(engine: Engine) -> dict[str, Any]:
    """What alembic's own comparison does not look at: keys, constraints, indexes."""
    inspector = inspect(engine)
    return {
        name: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"])
                for column in inspector.get_columns(name)
            ],
            "primary key": inspector.get_pk_constraint(name)["constrained_columns"],
            "unique": sorted(
                tuple(each["column_names"]) for each in inspector.get_unique_constraints(name)
            ),
            "foreign keys": sorted(
                (tuple(each["constrained_columns"]), each["referred_table"])
                for each in inspector.get_foreign_keys(name)
            ),
            "indexes": sorted(
                (str(each["name"]), tuple(map(str, each["column_names"])))
                for each in inspector.get_indexes(name)
            ),
        }
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }


def test_the_versions_add_up_to_the_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_the_versions_make_what_the_tables_would(
    empty_url: str, opened: Callable[[str], Engine]
) -> None:
    engine = opened(empty_url)
    upgrade(engine)
    migrated = shape(engine)
    with engine.begin() as connection:
        Table.metadata.drop_all(connection)
        Table.metadata.create_all(connection)
    assert shape(engine) == migrated


def test_there_is_one_line_of_versions() -> None:
    scripts = ScriptDirectory.from_config(migration_config())
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1
    assert [each.revision for each in scripts.walk_revisions()] == [*reversed(REVISIONS)]
