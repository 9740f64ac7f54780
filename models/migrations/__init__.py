"""Versions of the registry's schema (alembic), from the first table on.

``activities.database.upgrade`` runs them; there is no configuration file. A new version is a
module in ``versions`` whose ``down_revision`` is the newest one; the tests compare the sum of all
versions with ``models.tables``, on SQLite and on PostgreSQL. There is no way down: the registry is
an archive (G7).
"""
