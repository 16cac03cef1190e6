"""What can go wrong around the shop, with the status that its users get."""

from __future__ import annotations


class ShopError(Exception):
    """Base; `status` is the HTTP status, the message is for the log and the answer."""

    status = 500


class BadRequest(ShopError):
    status = 400


class NotAuthorised(ShopError):
    status = 401


class NotFound(ShopError):
    status = 404


class PaymentNotConfirmed(ShopError):
    """The provider has accepted a payment, and has not said in time that it was paid."""

    status = 503


class PoolExhausted(ShopError):
    """No connection of the pool came free in time."""

    status = 503


class InMaintenance(ShopError):
    """The operators have closed the shop for a while."""

    status = 503


class DatabaseUnavailable(ShopError):
    status = 503


class CacheUnavailable(ShopError):
    status = 503


class ExternalApiFailed(ShopError):
    """The external API refused, or answered nonsense."""

    status = 502


class ExternalApiUnreachable(ExternalApiFailed):
    """There was no answer at all."""


class ExternalApiTooSlow(ShopError):
    status = 504
