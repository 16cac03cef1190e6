"""Commands typed in: what they print, and what they refuse."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from drills.cli.application import app
from drills.errors import BadInput


def printed(*words: str, status: int = 0) -> list[str]:
    """The lines of a command that ends with that status."""
    done = CliRunner().invoke(app, words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == status, done.output
    return done.stdout.splitlines()


def refused(*words: str) -> str:
    """The one line with which a command that cannot be meant is refused."""
    with pytest.raises(BadInput) as told:
        printed(*words)
    return str(told.value)
