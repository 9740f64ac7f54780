"""Versions of the registry's schema (alembic), from the first table on.

``registry.database.engine.upgrade`` runs them; there is no configuration file. A new version is a
module in ``versions`` whose ``down_revision`` is the newest one, and whose name begins with ``v``
and its number; the tests compare the sum of all
versions with ``registry.tables``, on SQLite and on PostgreSQL. There is no way down: the registry
is an archive (G7).
"""

from pathlib import Path

FOLDER = Path(__file__).parent
"""Where alembic finds ``env.py`` and ``versions``."""

REVISIONS = tuple(sorted(each.name[1:5] for each in FOLDER.glob("versions/v*.py")))
"""Every version, the oldest first, by the number in its module's name."""
