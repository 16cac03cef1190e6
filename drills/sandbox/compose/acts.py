"""Stopping, killing, freezing and waking containers, several at the same time; what is so already is passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose.containers import Container, Containers, at_once


def stop(
    containers: Containers, those: Iterable[Container], grace: Callable[[Container], int | None] = lambda _: None
) -> None:
    """In good order, after a grace of so many seconds by force (None: its own); frozen ones are woken first."""
    alive = [each for each in those if each.running is not Running.DOWN]
    resume(containers, alive)
    at_once(lambda each: containers.stop(each, grace(each)), alive)


def kill(containers: Containers, those: Iterable[Container]) -> None:
    at_once(containers.kill, [each for each in those if each.running is not Running.DOWN])


def pause(containers: Containers, those: Iterable[Container]) -> None:
    at_once(containers.pause, [each for each in those if each.running is Running.UP])


def resume(containers: Containers, those: Iterable[Container]) -> None:
    at_once(containers.unpause, [each for each in those if each.running is Running.PAUSED])


def start(containers: Containers, those: Iterable[Container]) -> None:
    at_once(containers.start, [each for each in those if each.running is Running.DOWN])


@contextmanager
def woken(containers: Containers, those: Iterable[Container]) -> Iterator[None]:
    """The frozen ones run meanwhile: `docker compose up` would try to start them, and fail."""
    frozen = [each for each in those if each.running is Running.PAUSED]
    at_once(containers.unpause, frozen)
    try:
        yield
    finally:
        at_once(containers.pause, frozen)
