"""Toxiproxy's HTTP API (its README, "HTTP API") on Starlette: paths, bodies, status codes and errors as there."""

from __future__ import annotations

import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from drills.sandbox.embedded_toxiproxy.proxy import Proxy
from drills.sandbox.embedded_toxiproxy.toxics import EFFECTS, Toxic, changed

#: The version whose API this is, marked so that nobody takes it for the real server.
VERSION = "2.12.0-embedded"


class Refused(Exception):
    """A request that cannot be served; becomes `{"error": …, "status": …}`."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


async def _body(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise Refused(400, f"bad request body: {error}") from error


async def _object(request: Request) -> dict[str, Any]:
    body = await _body(request)
    if not isinstance(body, dict):
        raise Refused(400, "bad request body: an object is needed")
    return body


def _typed(body: dict[str, Any], field: str, kind: type[Any], default: Any) -> Any:
    """The field's value, or `default` when it is absent or null. Raises Refused when it is of another type."""
    value = body.get(field)
    if value is None:
        return default
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind):
        raise Refused(400, f"bad request body: {field} must be a {kind.__name__}")
    return value


class Api:
    """The proxies of one server, and its requests."""

    def __init__(self) -> None:
        self._proxies: dict[str, Proxy] = {}
        self.app = Starlette(
            routes=[
                Route("/version", self._version, methods=["GET"]),
                Route("/reset", self._reset, methods=["POST"]),
                Route("/populate", self._populate, methods=["POST"]),
                Route("/proxies", self._index, methods=["GET"]),
                Route("/proxies", self._create, methods=["POST"]),
                Route("/proxies/{proxy}", self._show, methods=["GET"]),
                Route("/proxies/{proxy}", self._update, methods=["POST", "PATCH"]),
                Route("/proxies/{proxy}", self._delete, methods=["DELETE"]),
                Route("/proxies/{proxy}/toxics", self._toxics, methods=["GET"]),
                Route("/proxies/{proxy}/toxics", self._toxic_create, methods=["POST"]),
                Route("/proxies/{proxy}/toxics/{toxic}", self._toxic_show, methods=["GET"]),
                Route("/proxies/{proxy}/toxics/{toxic}", self._toxic_update, methods=["POST", "PATCH"]),
                Route("/proxies/{proxy}/toxics/{toxic}", self._toxic_delete, methods=["DELETE"]),
            ],
            exception_handlers={Refused: _refused, OSError: _failed, ValueError: _failed},
        )

    def stop(self) -> None:
        for proxy in self._proxies.values():
            proxy.stop()

    def _proxy(self, request: Request) -> Proxy:
        proxy = self._proxies.get(request.path_params["proxy"])
        if proxy is None:
            raise Refused(404, "proxy not found")
        return proxy

    def _toxic(self, request: Request) -> tuple[Proxy, Toxic]:
        proxy = self._proxy(request)
        toxic = proxy.toxics.get(request.path_params["toxic"])
        if toxic is None:
            raise Refused(404, "toxic not found")
        return proxy, toxic

    # ---- proxies ---------------------------------------------------------------------------------------------------

    async def _version(self, _: Request) -> Response:
        return JSONResponse({"version": VERSION})

    async def _reset(self, _: Request) -> Response:
        for proxy in self._proxies.values():
            await proxy.start()
            for toxic in tuple(proxy.toxics.values()):
                proxy.remove(toxic)
        return Response(status_code=204)

    async def _index(self, _: Request) -> Response:
        return JSONResponse({name: proxy.shown() for name, proxy in self._proxies.items()})

    async def _create(self, request: Request) -> Response:
        body = await _object(request)
        proxy, enabled = _described(body)
        if proxy.name in self._proxies:
            raise Refused(409, "proxy already exists")
        if enabled:
            await proxy.start()
        self._proxies[proxy.name] = proxy
        return JSONResponse(proxy.shown(), status_code=201)

    async def _populate(self, request: Request) -> Response:
        bodies = await _body(request)
        if not isinstance(bodies, list) or not all(isinstance(body, dict) for body in bodies):
            raise Refused(400, "bad request body: a list of proxies is needed")
        populated = []
        for wanted, enabled in [_described(body, f" at proxy {n}") for n, body in enumerate(bodies, 1)]:
            existing = self._proxies.get(wanted.name)
            if existing is not None and (existing.listen, existing.upstream) == (wanted.listen, wanted.upstream):
                populated.append(existing)
                continue
            if existing is not None:
                existing.stop()
            if enabled:
                await wanted.start()
            self._proxies[wanted.name] = wanted
            populated.append(wanted)
        return JSONResponse({"proxies": [proxy.shown() for proxy in populated]}, status_code=201)

    async def _show(self, request: Request) -> Response:
        return JSONResponse(self._proxy(request).shown())

    async def _update(self, request: Request) -> Response:
        proxy, body = self._proxy(request), await _object(request)
        await proxy.change(
            listen=_typed(body, "listen", str, proxy.listen),
            upstream=_typed(body, "upstream", str, proxy.upstream),
            enabled=_typed(body, "enabled", bool, proxy.enabled),
        )
        return JSONResponse(proxy.shown())

    async def _delete(self, request: Request) -> Response:
        proxy = self._proxy(request)
        proxy.stop()
        del self._proxies[proxy.name]
        return Response(status_code=204)

    # ---- toxics ----------------------------------------------------------------------------------------------------

    async def _toxics(self, request: Request) -> Response:
        return JSONResponse(self._proxy(request).shown()["toxics"])

    async def _toxic_create(self, request: Request) -> Response:
        proxy, body = self._proxy(request), await _object(request)
        stream = _typed(body, "stream", str, "downstream").lower()
        if stream not in {"upstream", "downstream"}:
            raise Refused(400, "stream was invalid, can be either upstream or downstream")
        kind = _typed(body, "type", str, "")
        name = _typed(body, "name", str, "") or f"{kind}_{stream}"
        toxicity = _typed(body, "toxicity", float, 1.0)
        if kind not in EFFECTS:
            raise Refused(400, "invalid toxic type")
        if name in proxy.toxics:
            raise Refused(409, "toxic already exists")
        effect = _changed(EFFECTS[kind](), body)
        toxic = Toxic(name, kind, stream, toxicity, effect)
        proxy.add(toxic)
        return JSONResponse(toxic.shown())

    async def _toxic_show(self, request: Request) -> Response:
        return JSONResponse(self._toxic(request)[1].shown())

    async def _toxic_update(self, request: Request) -> Response:
        (proxy, toxic), body = self._toxic(request), await _object(request)
        toxicity = _typed(body, "toxicity", float, toxic.toxicity)
        toxic.effect, toxic.toxicity = _changed(toxic.effect, body), toxicity
        proxy.changed(toxic)
        return JSONResponse(toxic.shown())

    async def _toxic_delete(self, request: Request) -> Response:
        proxy, toxic = self._toxic(request)
        proxy.remove(toxic)
        return Response(status_code=204)


def _described(body: dict[str, Any], at: str = "") -> tuple[Proxy, bool]:
    name, upstream = _typed(body, "name", str, ""), _typed(body, "upstream", str, "")
    for field, value in (("name", name), ("upstream", upstream)):
        if not value:
            raise Refused(400, f"missing required field: {field}{at}")
    return Proxy(name, _typed(body, "listen", str, ""), upstream), _typed(body, "enabled", bool, True)


def _changed(effect: Any, body: dict[str, Any]) -> Any:
    try:
        return changed(effect, body.get("attributes") or {})
    except ValueError as error:
        raise Refused(400, f"bad request body: {error}") from error


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return JSONResponse({"error": error.error, "status": error.status}, status_code=error.status)


async def _failed(_: Request, error: Exception) -> Response:
    """A port that is taken, or an address that is none."""
    return JSONResponse({"error": str(error), "status": 500}, status_code=500)
