"""Locust's users, paced and recorded: turns a team's own `HttpUser` into one whose requests are measured.

Each request of a user waits for its intended start (`drills.traffic.pacing`), whatever tasks it comes from; a
`wait_time` in the locustfile is replaced by that. A request is judged when Locust reports it, so that `failure()` and
`success()` of a `catch_response` block count. Runs in the subprocess only: it imports Locust and gevent.
"""

from __future__ import annotations

import logging
import ssl
import time
from typing import Any

import gevent
from locust.contrib.fasthttp import FastHttpUser
from locust.exception import StopTest, StopUser
from locust.user.task import LOCUST_STATE_STOPPING, TaskSet

from drills.traffic.ledger import Flight, Ledger
from drills.traffic.wire import Plan

#: Answers of a fallback carry this header.
DEGRADED_HEADER = "X-Degraded"
#: Where a request's flight travels through Locust's events.
_FLIGHT = "drills_flight"
_USER = "drills_user"
#: Errors are reported by kind; a server's own text in them is cut to this length.
_ERROR_LENGTH = 120
#: How long a user rests between tasks that send nothing, in seconds.
_IDLE = 0.1

#: A user who got nothing but errors for this many seconds starts over, as people do who log in again.
BEGIN_ANEW = 10.0

log = logging.getLogger(__name__)


class PacedUser:
    """Mixed in before a user class by `paced`, which sets `ledger`, `client_timeout` (seconds) and `ca`."""

    ledger: Ledger
    client_timeout: float
    ca: str | None
    environment: Any
    client: Any
    wait_time = staticmethod(lambda: 0.0)

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)  # type: ignore[call-arg]
        self._unjudged: list[tuple[Flight, Any]] = []
        self._sent = 0
        self._failing_since: float | None = None
        #: Whether `on_start` asks the app for something that a user needs later: a session, most likely.
        self._begins_by_asking = False
        self._beginning = False
        self._number = self.ledger.enter(time.monotonic())
        if self.ca is not None and not isinstance(self, FastHttpUser):
            self.client.verify = self.ca
        self._send = self.client.request
        self.client.request = self._paced_request

    def on_start(self) -> None:
        """The locustfile's own; a user who cannot begin (log in) tries again instead of vanishing from the load."""
        self._beginning = True
        while True:
            sent = self._sent
            try:
                super().on_start()  # type: ignore[misc]
            except (StopUser, StopTest):
                raise
            except Exception as error:  # noqa: BLE001 (any error of a team's own code)
                self.give_up(error)
                log.warning("on_start: %s: %s", type(error).__name__, error)
                self.pause()
            else:
                self._begins_by_asking = self._sent > sent
                self._beginning, self._failing_since = False, None
                return

    def judged(self, error: str | None) -> None:
        """Remember since when this user has got nothing but errors."""
        if error is None:
            self._failing_since = None
        elif self._failing_since is None:
            self._failing_since = time.monotonic()

    def _begin_anew(self) -> None:
        """Run `on_start` again, without cookies, if that is what may help: a session that is lost never comes back."""
        failing = self._failing_since is not None and time.monotonic() - self._failing_since >= BEGIN_ANEW
        if failing and self._begins_by_asking and not self._beginning:
            kept = self.client.cookiejar if isinstance(self, FastHttpUser) else self.client.cookies
            kept.clear()
            self.on_start()

    def start(self, group: Any) -> Any:
        greenlet = super().start(group)  # type: ignore[misc]
        greenlet.link(lambda _: self.ledger.leave(self._number, time.monotonic()))
        return greenlet

    def pause(self) -> None:
        """Between two tasks: let others run, for a moment if this one has sent nothing since the last time.

        A `catch_response` whose `with` block was never entered is judged by its status.
        """
        idle = not self._unjudged
        for flight, response in self._unjudged:
            status = getattr(response, "status_code", 0) or 0
            error = None if 0 < status < 400 else f"HTTP {status}" if status else "ConnectionError"
            self.ledger.judge(flight, time.monotonic(), error=error)
        self._unjudged.clear()
        gevent.sleep(_IDLE if idle else 0.0)
        self._begin_anew()

    def give_up(self, error: BaseException) -> None:
        """The locustfile failed at an answer; a request that nobody has judged failed with it."""
        for flight, _ in self._unjudged:
            self.ledger.judge(flight, time.monotonic(), error=_short(f"{type(error).__name__}: {error}"))

    def _paced_request(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        intended = self.ledger.take(self._number, time.monotonic())
        if (wait := intended - time.monotonic()) > 0:
            gevent.sleep(wait)
        if getattr(self, "_state", None) == LOCUST_STATE_STOPPING:
            raise StopUser
        route = options.get("name") or self.client.request_name or url.partition("?")[0]
        flight = self.ledger.send(self._number, time.monotonic(), route, patience=_patience(options.get("timeout")))
        self._sent += 1
        options["context"] = {**options.get("context", {}), _FLIGHT: flight, _USER: self}
        if not isinstance(self, FastHttpUser):
            options.setdefault("timeout", self.client_timeout)
        response = None
        try:
            response = self._send(method, url, *args, **options)
        except Exception as error:
            self.ledger.judge(flight, time.monotonic(), error=type(error).__name__)
            raise
        finally:
            self.ledger.answered(flight, time.monotonic())
            self._unjudged.append((flight, response))
        return response


def _patience(timeout: Any) -> float | None:
    """The seconds of a locustfile's own timeout for one request; None when it gives none, or another for each phase."""
    return float(timeout) if isinstance(timeout, int | float) else None


def paced(user_class: type[Any], ledger: Ledger, plan: Plan) -> type[Any]:
    """The user class of a locustfile as one whose requests are paced and recorded in `ledger`."""
    settings: dict[str, Any] = {
        "ledger": ledger,
        "client_timeout": plan.client_timeout,
        "ca": plan.ca,
        "host": plan.base_url,
        "abstract": False,
        "__module__": user_class.__module__,
    }
    if issubclass(user_class, FastHttpUser):
        settings |= {"network_timeout": plan.client_timeout, "connection_timeout": plan.client_timeout}
        if plan.ca is not None:
            trusted = ssl.create_default_context(cafile=plan.ca)
            settings |= {"insecure": False, "ssl_context_factory": staticmethod(lambda: trusted)}
    metaclass: Any = type(user_class)  # Locust's own: it gathers the tasks of the bases
    made: type[Any] = metaclass(user_class.__name__, (PacedUser, user_class), settings)
    return made


def install(environment: Any, ledger: Ledger) -> None:
    """Judge the requests that Locust reports, and let pacing replace every wait between tasks."""

    def on_request(context: dict[str, Any], response: Any = None, exception: Any = None, **_: Any) -> None:
        flight = context.get(_FLIGHT)
        if flight is None:
            return
        headers = getattr(response, "headers", None) or {}
        degraded = bool(headers.get(DEGRADED_HEADER))
        error = None if exception is None else _what_was_wrong(exception, getattr(response, "status_code", 0))
        ledger.judge(flight, time.monotonic(), error=error, degraded=degraded)
        context[_USER].judged(error)

    def on_user_error(user_instance: Any, exception: BaseException, **_: Any) -> None:
        user = getattr(user_instance, "user", user_instance)  # Locust may give the user's TaskSet here
        if isinstance(user, PacedUser):
            user.give_up(exception)

    def wait(self: Any) -> None:
        if self.user._state == LOCUST_STATE_STOPPING:
            raise StopUser
        self.user.pause()
        if self.user._state == LOCUST_STATE_STOPPING:
            raise StopUser

    environment.events.request.add_listener(on_request)
    environment.events.user_error.add_listener(on_user_error)
    setattr(TaskSet, "wait", wait)  # noqa: B010 (a method replaced on purpose)


def _what_was_wrong(exception: BaseException, status: int | None) -> str:
    if type(exception).__name__ == "CatchResponseError":
        return _short(str(exception))
    if status is not None and status >= 400:
        return f"HTTP {status}"
    return type(exception).__name__


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _ERROR_LENGTH else text[: _ERROR_LENGTH - 1] + "…"
