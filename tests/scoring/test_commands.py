"""Commands as patterns see them."""

from __future__ import annotations

import pytest

from drills.scoring.commands import commands_of, is_like, remedies_in


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("drills sandbox rollback", ("rollback",)),
        ("drills  sandbox rollback", ("drills sandbox rollback",)),
        ("drills sandbox set Recommendations=off", ("set recommendations=off",)),
        ('drills sandbox sql "CREATE INDEX  i ON t (c)"', ("sql create index  i on t (c)",)),
        ("drills sandbox redis KEYS x | xargs drills sandbox redis UNLINK", ("redis keys x | xargs", "redis unlink")),
        ("while read r; do\n  drills sandbox restart $r\ndone", ("restart $r",)),
        ("kubectl rollout undo deployment/web\n\n# why\n", ("kubectl rollout undo deployment/web",)),
        ("drills sandbox sql 'it''s not closed", ("sql 'it''s not closed",)),
        ("", ()),
    ],
)
def test_the_commands_of_a_step_are_found(text: str, commands: tuple[str, ...]) -> None:
    assert commands_of(text) == commands


def test_a_runbooks_command_is_a_remedy_and_nothing_that_only_looks_like_a_pattern_of_it() -> None:
    (pattern,) = remedies_in("drills sandbox sql \"SELECT * FROM t WHERE name LIKE '[a]?'\"")
    assert is_like(commands_of("drills sandbox sql \"SELECT * FROM t WHERE name LIKE '[a]?'\""), [pattern])
    assert not is_like(commands_of("drills sandbox sql \"SELECT secret FROM t WHERE name LIKE 'ab'\""), [pattern])


def test_what_only_looks_is_no_remedy_though_the_step_changes_something() -> None:
    assert remedies_in("drills sandbox scale 2\ndrills sandbox health --all --wait 40s") == ("scale 2",)


def test_a_pattern_matches_a_whole_command() -> None:
    assert is_like(("restart database",), ["restart database*"])
    assert not is_like(("sql select 'restart database'",), ["restart database*"])
