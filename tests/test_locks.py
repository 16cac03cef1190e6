"""The locks are complete, so that they can be installed without resolving, on any day and with any pip.

What a pinned package requires is read from the installed one, and evaluated for each supported Python on Linux. A pin
that is only for another Python is not installed here: that it is there for those who require it is seen, what it
requires itself is not. The suite sees that where that Python runs it, and `.ci/installs` installs with each Python of
the machine.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
HASH = re.compile(r"sha256:[0-9a-f]{64}")

Environment = dict[str, str]
Requires = Callable[["Pin"], list[Requirement]]


@dataclass(frozen=True)
class Pin:
    name: str
    version: str
    marker: Marker | None
    hashes: tuple[str, ...]

    def is_for(self, environment: Environment) -> bool:
        return self.marker is None or self.marker.evaluate(environment)


def entries(path: Path) -> Iterator[str]:
    """The lines of a requirements file, without comments; one that goes on in the next is one."""
    text = re.sub(r"^ *#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return (line for line in text.replace("\\\n", " ").splitlines() if line.strip())


@cache
def pins(lock: str) -> list[Pin]:
    found = []
    for entry in entries(ROOT / lock):
        pinned, *hashes = entry.split(" --hash=")
        requirement = Requirement(pinned)
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", entry
        name, each = canonicalize_name(requirement.name), [each.strip() for each in hashes]
        found.append(Pin(name, specifier.version, requirement.marker, tuple(each)))
    return found


def asked_for(path: str) -> list[Requirement]:
    """What a file of bare requirements asks for, with the files that it includes."""
    found = []
    for entry in entries(ROOT / path):
        if entry.startswith("-r "):
            found += asked_for(f"{Path(path).parent}/{entry.removeprefix('-r ')}")
        else:
            found.append(Requirement(entry))
    return found


def roots(lock: str) -> list[Requirement]:
    """What a lock is made of (`make requirements`)."""
    if lock.startswith("shop/"):
        return asked_for(lock.replace(".txt", ".in"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    if lock == "requirements/dev.txt":
        wanted += project["project"]["optional-dependencies"]["dev"]
    return [*map(Requirement, wanted), *asked_for("requirements/build.in")]


LOCKS = ("requirements/run.txt", "requirements/dev.txt", "shop/requirements.txt", "shop/load.txt")


def environment(full_version: str, machine: str = "x86_64") -> Environment:
    """The markers' variables with CPython on Linux."""
    return {
        **{"implementation_name": "cpython", "platform_python_implementation": "CPython"},
        **{"os_name": "posix", "platform_system": "Linux", "sys_platform": "linux", "platform_machine": machine},
        **{"implementation_version": full_version, "python_full_version": full_version},
        "python_version": ".".join(full_version.split(".")[:2]),
    }


HERE = dict(default_environment())

#: The first and a late release of each Python, for markers may ask for either.
EVERYWHERE = [
    environment(f"{python}.{release}", machine)
    for python in PYTHONS
    for release in (0, 99)
    for machine in ("x86_64", "aarch64")
]


def installed(pin: Pin) -> metadata.Distribution | None:
    """What is installed of a pin; None of another version, or of nothing."""
    try:
        found = metadata.distribution(pin.name)
    except metadata.PackageNotFoundError:
        return None
    return found if found.version == pin.version else None


@cache
def known_requirements(pin: Pin) -> list[Requirement]:
    found = installed(pin)
    return [] if found is None else [Requirement(each) for each in found.requires or ()]


@dataclass(frozen=True)
class Closure:
    reached: frozenset[str]
    lacking: tuple[str, ...]


def closure(
    lock: Sequence[Pin], wanted: Sequence[Requirement], requires: Requires, environment: Environment
) -> Closure:
    """What is needed in that environment, extras included, and what of that the lock does not pin as it is needed."""
    pinned = {pin.name: pin for pin in lock if pin.is_for(environment)}
    ahead = [("the project", "", each) for each in wanted]
    followed: set[tuple[str, str]] = set()
    lacking = []
    while ahead:
        source, of_extra, requirement = ahead.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({**environment, "extra": of_extra}):
            continue
        pin = pinned.get(canonicalize_name(requirement.name))
        if pin is None:
            lacking.append(f"{source} requires {requirement}: not pinned")
            continue
        if not requirement.specifier.contains(pin.version, prereleases=True):
            lacking.append(f"{source} requires {requirement}: pinned is {pin.version}")
        for extra in ("", *requirement.extras):
            if (pin.name, extra) in followed:
                continue
            followed.add((pin.name, extra))
            ahead += [(f"{pin.name} {pin.version}", extra, each) for each in requires(pin)]
    return Closure(frozenset(name for name, _ in followed), tuple(sorted(lacking)))


def known(text: dict[str, list[str]]) -> Requires:
    return lambda pin: [Requirement(each) for each in text.get(pin.name, ())]


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_pinned_for_this_python_is_what_is_installed(lock: str) -> None:
    """Else nothing is known of what it requires; `make test` installs the lock anew when it has changed."""
    missing = [f"{pin.name}=={pin.version}" for pin in pins(lock) if pin.is_for(HERE) and installed(pin) is None]
    assert not missing, "make .venv/.dev installs the lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_all_that_is_required_is_pinned_for_each_python(lock: str) -> None:
    held, wanted = pins(lock), roots(lock)
    lacking = {
        f"{each['python_full_version']} {each['platform_machine']}: {problem}"
        for each in EVERYWHERE
        for problem in closure(held, wanted, known_requirements, each).lacking
    }
    assert not lacking


@pytest.mark.parametrize("lock", LOCKS)
def test_all_that_is_pinned_is_required(lock: str) -> None:
    held = pins(lock)
    needed = closure(held, roots(lock), known_requirements, HERE).reached
    assert needed == {pin.name for pin in held if pin.is_for(HERE)}


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("removed", ["h11", "psycopg-binary"])
def test_a_line_that_is_removed_is_missed(lock: str, removed: str) -> None:
    rest = [pin for pin in pins(lock) if pin.name != removed]
    lacking = closure(rest, roots(lock), known_requirements, HERE).lacking
    assert [problem for problem in lacking if f" requires {removed}" in problem]


def test_extras_markers_and_versions_count() -> None:
    requires = known(
        {
            "web": ["fast[http2]>=2", "old ; python_version < '3.12'", "never ; extra == 'other'"],
            "fast": ["h2>=4 ; extra == 'http2'", "core"],
        }
    )

    def lacking(full_version: str, **versions: str) -> list[str]:
        held = [Pin(name, version, None, ()) for name, version in versions.items()]
        return [*closure(held, [Requirement("web")], requires, environment(full_version)).lacking]

    assert lacking("3.12.0", web="1", fast="2.1", h2="4", core="1") == []
    assert lacking("3.11.0", web="1", fast="2.1", h2="4", core="1") == [
        'web 1 requires old; python_version < "3.12": not pinned'
    ]
    assert lacking("3.12.0", web="1", fast="2.1", core="1") == ['fast 2.1 requires h2>=4; extra == "http2": not pinned']
    assert lacking("3.12.0", web="1", fast="1.9", h2="4", core="1") == [
        "web 1 requires fast[http2]>=2: pinned is 1.9"
    ]  # fmt: skip
    assert lacking("3.12.0", web="1", fast="2.0rc1", h2="4", core="1") == [
        "web 1 requires fast[http2]>=2: pinned is 2.0rc1"
    ]


@pytest.mark.parametrize("lock", LOCKS)
def test_nothing_is_pinned_twice_for_one_python(lock: str) -> None:
    for each in EVERYWHERE:
        names = [pin.name for pin in pins(lock) if pin.is_for(each)]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("lock", LOCKS)
def test_each_pin_is_for_pythons_that_its_package_runs_on(lock: str) -> None:
    wrong = []
    for pin in pins(lock):
        found = installed(pin)
        runs_on = SpecifierSet((found.metadata.get("Requires-Python") if found else None) or "")
        wrong += [
            f"{pin.name} {pin.version} on {each['python_full_version']}"
            for each in EVERYWHERE
            if pin.is_for(each) and not runs_on.contains(each["python_full_version"])
        ]
    assert not wrong


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_as_many_as_its_wheels_need(lock: str) -> None:
    """A package whose wheels are for one Python each has one at least for each Python.

    A hash has no name, so which wheel it is of cannot be seen here: `.ci/installs` downloads them.
    """
    for pin in pins(lock):
        assert pin.hashes, pin.name
        assert all(HASH.fullmatch(each) for each in pin.hashes), pin.name
        found = installed(pin)
        tags = re.findall(r"^Tag: (\S+)$", (found.read_text("WHEEL") or "") if found else "", re.MULTILINE)
        if tags and all(re.match(r"cp3\d+-cp3\d+-", tag) for tag in tags):
            pythons = {each["python_version"] for each in EVERYWHERE if pin.is_for(each)}
            assert len(pin.hashes) >= len(pythons), pin.name


@pytest.mark.parametrize("lock", [lock for lock in LOCKS if lock != "requirements/run.txt"])
def test_the_other_locks_pin_what_the_programs_own_does(lock: str) -> None:
    """The images run the same versions as the program; only what it does not need at all may be beside them."""
    for each in EVERYWHERE:
        program = {pin.name: pin for pin in pins("requirements/run.txt") if pin.is_for(each)}
        other = {pin.name: pin for pin in pins(lock) if pin.is_for(each)}
        assert not [pin for name, pin in other.items() if name in program and pin.version != program[name].version]
        beside = other.keys() - program.keys()
        assert not beside or lock == "requirements/dev.txt"
        assert lock != "requirements/dev.txt" or program.keys() <= other.keys()


@pytest.mark.parametrize("path", ["Makefile", "shop/Dockerfile"])
def test_locks_are_installed_without_resolving_and_then_checked(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8").replace("\\\n", " ")
    installing = list(re.finditer(r"\binstall\b.* -r (\S+)", text))
    assert installing
    for each in installing:
        assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(each[0].split())
        assert each[1] in LOCKS
        assert re.search(r"\bcheck\b", text[each.end() :].partition(" -r ")[0])
