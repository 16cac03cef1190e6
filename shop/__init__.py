"""The included system to drill: a small shop with a database, a cache and an external API."""

import sys

# Where Rich and Click are installed, httpx loads a command line of its own with them, which takes a sixth of the time
# in which a replica starts. This tells it that it has none.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
