from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from drills.included import included_root
from shop.certificates import issue, provide, read

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    provide(tmp_path, NOW)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(before) == {"ca.pem", "ca.key", "edge.pem"}
    provide(tmp_path, NOW + timedelta(days=1))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    provide(tmp_path, NOW)
    assert {name: oct((tmp_path / name).stat().st_mode & 0o777) for name in ("ca.key", "edge.pem", "ca.pem")} == {
        "ca.key": "0o600",
        "edge.pem": "0o600",
        "ca.pem": "0o644",
    }


def test_the_authority_signs_the_edges_certificate_for_the_name_of_the_shop(tmp_path: Path) -> None:
    provide(tmp_path, NOW)
    facts = read(tmp_path / "edge.pem")
    assert (facts.subject, facts.issuer, facts.names) == ("shop.test", "Sandbox CA", ("shop.test",))
    authority = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())
    x509.load_pem_x509_certificate((tmp_path / "edge.pem").read_bytes()).verify_directly_issued_by(authority)


def test_a_new_edge_checks_as_one_that_was_set_up_a_month_ago(tmp_path: Path) -> None:
    provide(tmp_path, NOW)
    facts = read(tmp_path / "edge.pem")
    assert (facts.not_before - NOW, facts.not_after - NOW) == (timedelta(days=-30), timedelta(days=60))


@pytest.mark.parametrize(
    ("valid_for", "began"), [(timedelta(days=90), timedelta(hours=-1)), (timedelta(days=-2), timedelta(days=-92))]
)
def test_a_certificate_ends_when_it_is_told_to_and_has_begun_by_now(
    tmp_path: Path, valid_for: timedelta, began: timedelta
) -> None:
    provide(tmp_path, NOW)
    issue(tmp_path, NOW, valid_for)
    facts = read(tmp_path / "edge.pem")
    assert (facts.not_before - NOW, facts.not_after - NOW) == (began, valid_for)


def test_a_container_makes_its_certificates_by_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "shop.certificates", str(tmp_path / "made"), "--renew", "-1"]
    done = subprocess.run(command, cwd=included_root(), capture_output=True, text=True, check=True)
    assert done.stdout.startswith("shop.test, issued by Sandbox CA, valid until ")
    assert read(tmp_path / "made" / "edge.pem").not_after < datetime.now(UTC)
