"""What a Stripe account keeps: objects by their ids, a clock, and the events of every change."""

import copy
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

from smriti.core.clock import unix_now
from tests.fakes.stripe_shapes import shaped

type Json = dict[str, Any]

_PREFIXES: Final = {
    "billing_portal.session": "bps",
    "checkout.session": "cs_test",
    "customer": "cus",
    "event": "evt",
    "invoice": "in",
    "invoice_payment": "inpay",
    "line_item": "il",
    "payment_intent": "pi",
    "price": "price",
    "product": "prod",
    "subscription": "sub",
    "subscription_item": "si",
}
_NAMES: Final = {"checkout.session": "checkout session", "subscription_item": "subscription item"}


class Refused(Exception):
    """An error of Stripe's: its status, and the members of its `error`."""

    def __init__(
        self, status: int, message: str, *, kind: str = "invalid_request_error", **more: str
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **more}}


def missing(kind: str, object_id: str, param: str = "id") -> Refused:
    message = f"No such {_NAMES.get(kind, kind)}: '{object_id}'"
    return Refused(404, message, code="resource_missing", param=param)


def truth(value: object) -> bool:
    """A flag as a form sends it."""
    return value in (True, "true")


class Books:
    """Objects are kept in the shape of the newest API; members that begin with "_" are the fake's.

    `version` is the account's: events are made in its shape, whatever a request asks for.
    """

    def __init__(self, version: str, *, started_s_ago: int = 0) -> None:
        self.version = version
        self.objects: dict[str, Json] = {}
        self.outbox: list[Json] = []
        self.request: Json | None = None  # what a client asked for that now makes events
        self._behind_s = started_s_ago

    def now(self) -> int:
        return unix_now() - self._behind_s

    def advance(self, seconds: int) -> None:
        self._behind_s -= seconds

    def new(self, kind: str, *, object_id: str | None = None, **values: Any) -> Json:
        made: Json = {
            "id": object_id or f"{_PREFIXES[kind]}_{secrets.token_hex(8)}",
            "object": kind,
            "created": self.now(),
            "livemode": False,
            "metadata": {},
            **values,
        }
        self.objects[made["id"]] = made
        return made

    def get(self, kind: str, object_id: str, param: str = "id") -> Json:
        found = self.objects.get(object_id)
        if found is None or found["object"] != kind:
            raise missing(kind, object_id, param)
        return found

    def live(self, kind: str, object_id: str, param: str = "id") -> Json:
        """One that was not deleted."""
        found = self.get(kind, object_id, param)
        if found.get("deleted"):
            raise missing(kind, object_id, param)
        return found

    def all(self, kind: str, fits: Callable[[Json], bool] = lambda _: True) -> list[Json]:
        """Newest first."""
        kept = [o for o in self.objects.values() if o["object"] == kind and fits(o)]
        return kept[::-1]

    def emit(self, name: str, about: Json, previous: Json | None = None) -> None:
        """Make an event of what the object is now."""
        data: Json = {"object": shaped(about, self.version)}
        if previous is not None:
            data["previous_attributes"] = previous
        event = self.new(
            "event",
            type=name,
            api_version=self.version,
            data=data,
            pending_webhooks=1,
            request=self.request or {"id": None, "idempotency_key": None},
        )
        del event["metadata"]
        self.outbox.append(event)

    def change(self, name: str, about: Json, **values: Any) -> None:
        """Set members and tell of it, with what they were."""
        previous = {key: copy.deepcopy(about.get(key)) for key in values}
        about.update(values)
        before = {key: value for key, value in previous.items() if value != about[key]}
        if before:
            self.emit(name, about, before)

    def tag(self, about: Json, given: Json) -> None:
        """Merge metadata: an empty value deletes the key."""
        merged = about["metadata"] | given
        about["metadata"] = {key: value for key, value in merged.items() if value != ""}


def listed(data: Sequence[Json], url: str, *, more: bool = False) -> Json:
    return {"object": "list", "data": list(data), "has_more": more, "url": url}
