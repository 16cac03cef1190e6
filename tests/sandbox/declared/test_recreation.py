"""A container that wrote outside its volumes is not recreated unless its owner has said that it may be."""

from __future__ import annotations

import pytest

from drills.sandbox.declared.recreation import lost_with


def changed(*paths: str) -> list[dict[str, object]]:
    return [{"Path": path, "Kind": 1} for path in paths]


@pytest.mark.parametrize(
    ("paths", "mounted", "lost"),
    [
        (["/srv", "/srv/a"], [], ("/srv/a",)),
        (["/srv", "/srv/a", "/srv/ab", "/srv/ab/c"], [], ("/srv/a", "/srv/ab/c")),
        (["/srv", "/srv/a"], ["/srv"], ()),
        # Where a volume is mounted a folder is made, with those that lead to it.
        (["/var", "/var/lib", "/var/lib/data"], ["/var/lib/data/db"], ()),
        (["/var", "/var/lib", "/var/lib/data2"], ["/var/lib/data"], ("/var/lib/data2",)),
        (
            ["/run", "/run/secrets", "/run/secrets/key", "/tmp", "/tmp/x", "/var", "/var/run", "/var/run/app.pid"],
            [],
            (),
        ),
        (["/app", "/app/__pycache__", "/app/__pycache__/a.cpython-311.pyc", "/app/b.pyc"], [], ()),
        (["/etc", "/etc/app.conf"], ["/etc/app.conf"], ()),
        (["/srv", "/srv/a", "/srv/a-b", "/srv/a/c"], [], ("/srv/a-b", "/srv/a/c")),
        (["/running"], [], ("/running",)),
        ([], [], ()),
    ],
)
def test_only_what_would_be_lost_counts(paths: list[str], mounted: list[str], lost: tuple[str, ...]) -> None:
    assert lost_with(changed(*paths), mounted) == lost
