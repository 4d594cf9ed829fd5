"""The shapes in which versions of the API show the same objects.

With 2025-03-31 ("basil") a subscription's period moved to its items, an invoice's subscription to
its parent, and an invoice's payments became objects of their own.
"""

from collections.abc import Mapping
from typing import Any, Final

NEWEST: Final = "2026-10-28.endive"
OLD: Final = "2024-06-20"
_MOVED: Final = "2025-03-31"


def shaped(about: Mapping[str, Any], version: str) -> dict[str, Any]:
    """The object as a client of that version sees it."""
    if about.get("deleted"):
        return {key: about[key] for key in ("id", "object", "deleted")}
    shown = {key: _shaped(value, version) for key, value in about.items() if key[0] != "_"}
    if version < _MOVED and about.get("object") in _OLD_SHAPES:
        _OLD_SHAPES[about["object"]](shown)
    return shown


def _shaped(value: Any, version: str) -> Any:
    if isinstance(value, dict):
        return shaped(value, version)
    return [_shaped(each, version) for each in value] if isinstance(value, list) else value


def _old_subscription(shown: dict[str, Any]) -> None:
    items = shown["items"]["data"]
    for place in ("current_period_start", "current_period_end"):
        shown[place] = items[0].get(place)
        for item in items:
            item.pop(place, None)
    shown["plan"] = items[0]["plan"]


def _old_item(shown: dict[str, Any]) -> None:
    shown.pop("billed_until", None)


def _old_invoice(shown: dict[str, Any]) -> None:
    parent = shown.pop("parent")
    shown["subscription"] = parent and parent["subscription_details"]["subscription"]
    shown["subscription_details"] = parent and {
        "metadata": parent["subscription_details"]["metadata"]
    }
    shown["paid"] = shown["status"] == "paid"
    shown["payment_intent"] = "pi_of_" + shown["id"]
    shown["charge"] = "ch_of_" + shown["id"] if shown["paid"] else None


def _old_line(shown: dict[str, Any]) -> None:
    details = shown.pop("parent")["subscription_item_details"]
    price = shown.pop("pricing")["price_details"]
    shown["type"] = "subscription"
    shown["proration"] = details["proration"]
    shown["subscription_item"] = details["subscription_item"]
    shown["price"] = {"id": price["price"], "object": "price", "product": price["product"]}


_OLD_SHAPES: Final = {
    "subscription": _old_subscription,
    "subscription_item": _old_item,
    "invoice": _old_invoice,
    "line_item": _old_line,
}
