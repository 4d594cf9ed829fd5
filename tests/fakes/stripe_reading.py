"""How a fake Stripe shows what it has: pages, searches, and expanded members."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from tests.fakes.stripe_books import Books, Json, Refused, listed, missing
from tests.fakes.stripe_checkout import Checkout
from tests.fakes.stripe_shapes import shaped

_DEEPEST: Final = 4
_CLAUSE: Final = re.compile(r"^(-?)(\w+)(?:\[['\"]([^'\"]+)['\"]\])?:(['\"]?)(.*)\4$")
_SEARCHED: Final = {
    "customer": {"created", "email", "metadata", "name", "phone"},
    "price": {"active", "currency", "lookup_key", "metadata", "product", "type"},
    "product": {"active", "description", "metadata", "name"},
    "subscription": {"created", "canceled_at", "metadata", "status"},
}
_SEARCH_LAG_S: Final = 60  # what is younger is not found: "searchable in less than a minute"


class Reading:
    def __init__(self, books: Books, checkout: Checkout) -> None:
        self._books = books
        self._checkout = checkout

    def page(self, params: Json, kind: str, url: str, fits: Callable[[Json], bool]) -> Json:
        """Newest first; everything deleted is left out."""
        found = self._books.all(kind, lambda o: not o.get("deleted") and fits(o))
        limit = int(params.get("limit", 10))
        if not 1 <= limit <= 100:
            raise Refused(400, "Limit must be from 1 to 100.", param="limit")
        places = {each["id"]: place for place, each in enumerate(found)}
        for cursor in ("starting_after", "ending_before"):
            if cursor in params and params[cursor] not in places:
                raise missing(kind, params[cursor], cursor)
        if "ending_before" in params:
            before = found[: places[params["ending_before"]]]
            return listed(before[-limit:], url, more=len(before) > limit)
        first = places[params["starting_after"]] + 1 if "starting_after" in params else 0
        rest = found[first:]
        return listed(rest[:limit], url, more=len(rest) > limit)

    def search(self, params: Json, kind: str) -> Json:
        """Stripe's query language as far as equality goes, joined by AND; late, as in reality."""
        tests = [self._clause(text, kind) for text in params.get("query", "").split(" AND ")]
        indexed = self._books.now() - _SEARCH_LAG_S
        found = self._books.all(
            kind, lambda o: o["created"] <= indexed and all(fits(o) for fits in tests)
        )
        limit = int(params.get("limit", 10))
        first = int(params.get("page", 0))
        more = len(found) > first + limit
        return {
            "object": "search_result",
            "data": found[first : first + limit],
            "has_more": more,
            "next_page": str(first + limit) if more else None,
            "url": f"/v1/{kind}s/search",
        }

    def _clause(self, text: str, kind: str) -> Callable[[Json], bool]:
        parsed = _CLAUSE.match(text.strip())
        if parsed is None or parsed[2] not in _SEARCHED[kind]:
            raise Refused(400, f"We were unable to parse your search query: {text!r}.")
        negated, field, key, _, wanted = parsed.groups()

        def fits(about: Json) -> bool:
            value = about[field].get(key) if key else about[field]
            return (str(value).lower() == wanted.lower()) != bool(negated)

        return fits

    def shown(self, about: Json, version: str, expand: Sequence[str]) -> Json:
        """The object in the version's shape, its references replaced where that is asked for."""
        whole = shaped(about, version)
        for path in expand:
            if path.count(".") >= _DEEPEST:
                raise Refused(400, f"You cannot expand more than 4 levels of a property: {path}")
            self._expand(whole, path.split("."), version, path)
        return whole

    def _expand(self, within: Any, path: Sequence[str], version: str, whole: str) -> None:
        if not path or within is None:
            return
        if isinstance(within, list):
            for each in within:
                self._expand(each, path, version, whole)
            return
        head, *rest = path
        value = self._included(within, head) if head not in within else within[head]
        if isinstance(value, str):
            if value not in self._books.objects:
                raise Refused(400, f"This property cannot be expanded ({whole}).")
            value = self._books.objects[value]
        if isinstance(value, dict | list):
            within[head] = shaped({"it": value}, version)["it"]
            self._expand(within[head], rest, version, whole)

    def _included(self, within: Json, head: str) -> Json:
        """Members that are there only when they are asked for."""
        match within.get("object"), head:
            case "checkout.session", "line_items":
                session = self._books.objects[within["id"]]
                url = f"/v1/checkout/sessions/{within['id']}/line_items"
                return listed(self._checkout.lines(session), url)
            case "invoice", "payments":
                payments = self._books.all(
                    "invoice_payment", lambda o: o["invoice"] == within["id"]
                )
                return listed(payments, "/v1/invoice_payments")
            case "customer", "subscriptions":
                running = self._books.all(
                    "subscription",
                    lambda o: o["customer"] == within["id"] and o["status"] != "canceled",
                )
                return listed(running, f"/v1/customers/{within['id']}/subscriptions")
            case _:
                raise Refused(400, f"This property cannot be expanded ({head}).")
