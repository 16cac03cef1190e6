from __future__ import annotations

from tests.sandbox.door import door as door
