"""What the operator decides: read once from the environment and an optional `.env`, never from a request.

`Settings` is the table, `load` the way in, `rows` the way to show it. Keys and pepper that nobody gave are
made in the home on first use, so that an empty folder is a working set-up.
"""

from kaireon_orch.settings.environment import Origin
from kaireon_orch.settings.loading import load, tenant
from kaireon_orch.settings.model import Settings
from kaireon_orch.settings.shown import Row, rows, without_password
from kaireon_orch.settings.values import ENCRYPTION_KEY_BYTES, Rate

__all__ = [
    "ENCRYPTION_KEY_BYTES",
    "Origin",
    "Rate",
    "Row",
    "Settings",
    "load",
    "rows",
    "tenant",
    "without_password",
]
