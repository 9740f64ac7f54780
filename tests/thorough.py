"""Whether this is ``make test-thorough``: what takes minutes is left to it.

Each such test has a smaller one beside it in ``make test``.
"""

from hypothesis import settings

THOROUGH = settings.get_current_profile_name() == "thorough"
