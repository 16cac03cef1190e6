"""What can go wrong around the shop, with the status that its users get."""

from __future__ import annotations


class ShopError(Exception):
    """Base; `status` is the HTTP status, the message is for the log and the answer."""

    status = 500


class BadRequest(ShopError):
    status = 400


class NotAuthorised(ShopError):
    status = 401


class PoolExhausted(ShopError):
    """No connection of the pool came free in time."""

    status = 503


class DatabaseUnavailable(ShopError):
    status = 503


class CacheUnavailable(ShopError):
    status = 503


class ExternalApiFailed(ShopError):
    """The external API refused, or answered nonsense."""

    status = 502


class ExternalApiTooSlow(ShopError):
    status = 504
