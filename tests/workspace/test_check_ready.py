"""What only a kind of probe knows is found by `validate`, with its line, before a prober says *unknown* for ever."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drills.probing.net.trusted import trusted_file
from drills.workspace.validate import validate
from drills.workspace.workspace import Workspace


def found(root: Path, probe: str, config: str = "playbook: slurpy\n") -> list[str]:
    (root / "probes").mkdir(exist_ok=True)
    (root / "drills.yaml").write_text(config, encoding="utf-8")
    (root / "probes" / "p.yaml").write_text(f"- name: p\n  every: 3s\n  timeout: 2s\n{probe}\n", encoding="utf-8")
    return [str(problem) for problem in validate(root) if not problem.warning]


@pytest.mark.parametrize(
    ("probe", "said"),
    [
        ("  tcp: {address: localhost}", "probes/p.yaml:4: [0].tcp"),
        ('  tcp: {address: "127.0.0.1:99999"}', "probes/p.yaml:4: [0].tcp"),
        ("  tls:\n    address: localhost:443\n    ca: /no/such.pem", "probes/p.yaml:6: [0].tls.ca: "),
        ('  http:\n    url: "https://a/"\n    ca: /no/such.pem', "probes/p.yaml:6: [0].http.ca: there is no such file"),
        ('  http:\n    url: "https://a/"\n    ca: /etc/passwd', "probes/p.yaml:6: [0].http.ca: holds no certificate"),
        ('  http:\n    url: "https://a/"\n    ca: pipe', "probes/p.yaml:6: [0].http.ca: is a named pipe, not a file"),
        ('  http:\n    url: "https://a/"\n    ca: "."', "probes/p.yaml:6: [0].http.ca: is a folder, not a file"),
        ('  http: {url: "http://a/", dns: "127.0.0.1:99999"}', "probes/p.yaml:4: [0].http"),
        (
            '  dns: {server: "127.0.0.1:99999", name: a.test}',
            "probes/p.yaml:4: [0].dns: the DNS server has a port",
        ),
        ("  dns:\n    server: ${dns}\n    name: a..test", "probes/p.yaml:6: [0].dns.name: 'a..test' is not a name"),
        ('  dns:\n    server: ${dns}\n    name: "a b"', "probes/p.yaml:6: [0].dns.name: 'a b' is not a name"),
        ("  postgres: {url: nonsense}", "probes/p.yaml:4: [0].postgres"),
        ('  tcp: {address: "a:1"}\n  vantages:\n    far:\n      address: x', "probes/p.yaml:6: [0].vantages.far"),
    ],
)
def test_what_would_be_unknown_for_ever_is_found_with_its_line(tmp_path: Path, probe: str, said: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (problem,) = found(tmp_path, probe)
    assert problem.startswith(said)
    assert "; " in problem, "it says what would be right"


@pytest.mark.parametrize(
    "probe",
    [
        '  tls: {address: "${edge-address}", ca: "${ca}"}',
        '  http: {url: "${edge}/", ca: "${ca}", dns: "${dns}"}',
        '  tcp: {address: "${database}", tripwire: true}',
        '  http: {url: "http://[::1]:8080/"}',
        '  heartbeat: {name: nightly, within: 1h, state: "${state}"}',
        '  container: {state: "${state}"}',
        '  dns: {server: "[::1]:53", name: bücher.example}',
        "  dns: {server: localhost, name: ., type: NS}",
    ],
)
def test_what_can_check_is_right(tmp_path: Path, probe: str) -> None:
    assert found(tmp_path, probe) == []


def test_a_file_of_certificates_is_taken_from_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "team.pem").symlink_to(trusted_file())
    probe = '  http: {url: "https://a/", ca: team.pem}\n  vantages: {far: {ca: team.pem}, here: {ca: "${ca}"}}'
    monkeypatch.chdir("/")
    assert found(tmp_path, probe) == []
    read = Workspace.load(tmp_path).probes["p"]
    assert read.settings["ca"] == read.vantages["far"].settings["ca"] == str(tmp_path / "team.pem")
    assert read.vantages["here"].settings["ca"] == "${ca}"


def test_a_prober_that_drills_yaml_cannot_tell_is_no_second_problem(tmp_path: Path) -> None:
    via = '  tcp: {address: "a:1"}\n  vantages: {far: {via: paris}}'
    assert len(found(tmp_path, via, "playbok: x\n")) == 2, "both are about drills.yaml"
    (problem,) = found(tmp_path, via)
    assert "there is no prober 'paris'" in problem
