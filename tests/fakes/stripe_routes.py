"""Which requests a fake Stripe knows, with the parameters that the SDK declares for each."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from stripe import params as sdk

from tests.fakes.stripe_books import Books, Json, listed
from tests.fakes.stripe_catalogue import Catalogue
from tests.fakes.stripe_checkout import Checkout
from tests.fakes.stripe_invoices import Invoices, check_payable, declined, of_subscription
from tests.fakes.stripe_reading import Reading
from tests.fakes.stripe_subscriptions import Subscriptions

type Handler = Callable[..., Json]
type Fits = Callable[[Json], bool]

_COMPARES: Final = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: re.Pattern[str]
    declared: type
    handler: Handler


class Account:
    """One Stripe account: everything that it can be asked for."""

    def __init__(self, version: str, *, started_s_ago: int = 0) -> None:
        self.books = Books(version, started_s_ago=started_s_ago)
        self.invoices = Invoices(self.books)
        self.subscriptions = Subscriptions(self.books, self.invoices)
        self.catalogue = Catalogue(self.books, self.subscriptions)
        self.checkout = Checkout(self.books, self.catalogue, self.subscriptions, self.invoices)
        self.reading = Reading(self.books, self.checkout)
        self.routes = [
            Route(method, re.compile(f"/v1/{path.replace('ID', '([^/]+)')}"), declared, handler)
            for method, path, declared, handler in self._routes()
        ]

    def _routes(self) -> list[tuple[str, str, type, Handler]]:
        catalogue, subscriptions, checkout = self.catalogue, self.subscriptions, self.checkout
        return [
            ("GET", "customers", sdk.CustomerListParams, self._list("customer", "email")),
            ("GET", "customers/search", sdk.CustomerSearchParams, self._search("customer")),
            ("POST", "customers", sdk.CustomerCreateParams, catalogue.create_customer),
            ("GET", "customers/ID", sdk.CustomerRetrieveParams, self._one("customer")),
            ("POST", "customers/ID", sdk.CustomerUpdateParams, catalogue.update_customer),
            ("DELETE", "customers/ID", sdk.CustomerDeleteParams, catalogue.delete_customer),
            ("GET", "products", sdk.ProductListParams, self._list("product", "active")),
            ("GET", "products/search", sdk.ProductSearchParams, self._search("product")),
            ("POST", "products", sdk.ProductCreateParams, catalogue.create_product),
            ("GET", "products/ID", sdk.ProductRetrieveParams, self._one("product")),
            ("POST", "products/ID", sdk.ProductUpdateParams, catalogue.update_product),
            (
                "GET",
                "prices",
                sdk.PriceListParams,
                self._list("price", "active", "product", "currency", "type"),
            ),
            ("GET", "prices/search", sdk.PriceSearchParams, self._search("price")),
            ("POST", "prices", sdk.PriceCreateParams, catalogue.create_price),
            ("GET", "prices/ID", sdk.PriceRetrieveParams, self._one("price")),
            ("POST", "prices/ID", sdk.PriceUpdateParams, catalogue.update_price),
            (
                "GET",
                "subscriptions",
                sdk.SubscriptionListParams,
                self._list("subscription", "customer", fits=_status),
            ),
            (
                "GET",
                "subscriptions/search",
                sdk.SubscriptionSearchParams,
                self._search("subscription"),
            ),
            ("POST", "subscriptions", sdk.SubscriptionCreateParams, subscriptions.create),
            ("GET", "subscriptions/ID", sdk.SubscriptionRetrieveParams, self._one("subscription")),
            ("POST", "subscriptions/ID", sdk.SubscriptionUpdateParams, subscriptions.update),
            ("DELETE", "subscriptions/ID", sdk.SubscriptionCancelParams, subscriptions.cancel),
            ("POST", "subscriptions/ID/pause", sdk.SubscriptionPauseParams, subscriptions.pause),
            ("POST", "subscriptions/ID/resume", sdk.SubscriptionResumeParams, subscriptions.resume),
            (
                "GET",
                "subscription_items",
                sdk.SubscriptionItemListParams,
                self._list("subscription_item", "subscription"),
            ),
            (
                "GET",
                "subscription_items/ID",
                sdk.SubscriptionItemRetrieveParams,
                self._one("subscription_item"),
            ),
            ("POST", "subscription_items/ID", sdk.SubscriptionItemUpdateParams, self._update_item),
            (
                "GET",
                "invoices",
                sdk.InvoiceListParams,
                self._list("invoice", "customer", "status", fits=_of_subscription),
            ),
            ("GET", "invoices/ID", sdk.InvoiceRetrieveParams, self._one("invoice")),
            ("POST", "invoices/ID/pay", sdk.InvoicePayParams, self._pay_invoice),
            (
                "GET",
                "invoice_payments",
                sdk.InvoicePaymentListParams,
                self._list("invoice_payment", "invoice", "status"),
            ),
            (
                "GET",
                "invoice_payments/ID",
                sdk.InvoicePaymentRetrieveParams,
                self._one("invoice_payment"),
            ),
            (
                "GET",
                "checkout/sessions",
                sdk.checkout.SessionListParams,
                self._list("checkout.session", "customer", "status", "subscription"),
            ),
            ("POST", "checkout/sessions", sdk.checkout.SessionCreateParams, checkout.create),
            (
                "GET",
                "checkout/sessions/ID",
                sdk.checkout.SessionRetrieveParams,
                self._one("checkout.session"),
            ),
            ("POST", "checkout/sessions/ID", sdk.checkout.SessionUpdateParams, checkout.update),
            (
                "POST",
                "checkout/sessions/ID/expire",
                sdk.checkout.SessionExpireParams,
                checkout.expire,
            ),
            (
                "GET",
                "checkout/sessions/ID/line_items",
                sdk.checkout.SessionListLineItemsParams,
                self._lines,
            ),
            (
                "POST",
                "billing_portal/sessions",
                sdk.billing_portal.SessionCreateParams,
                checkout.open_portal,
            ),
            ("GET", "events", sdk.EventListParams, self._list("event", "type")),
            ("GET", "events/ID", sdk.EventRetrieveParams, self._one("event")),
        ]

    def _one(self, kind: str) -> Handler:
        return lambda _, object_id: self.books.get(kind, object_id)

    def _search(self, kind: str) -> Handler:
        return lambda params: self.reading.search(params, kind)

    def _list(
        self, kind: str, *equal: str, fits: Callable[[Json, Json], bool] = lambda *_: True
    ) -> Handler:
        """A page of those whose members equal the parameters of their names."""
        url = f"/v1/{kind.replace('.', '/')}s"

        def page(params: Json) -> Json:
            return self.reading.page(
                params,
                kind,
                url,
                lambda o: _equal(params, equal, o) and _created(params, o) and fits(params, o),
            )

        return page

    def _update_item(self, params: Json, item_id: str) -> Json:
        item = self.books.get("subscription_item", item_id)
        own = {key: params[key] for key in ("price", "quantity") if key in params}
        others = {key: value for key, value in params.items() if key not in own}
        entry = own | {"id": item_id}
        self.subscriptions.update(others | {"items": [entry]}, item["subscription"])
        return item

    def _pay_invoice(self, params: Json, invoice_id: str) -> Json:
        invoice = self.books.get("invoice", invoice_id)
        check_payable(invoice, params)
        if not self.subscriptions.charge(invoice):
            raise declined()
        return invoice

    def _lines(self, _: Json, session_id: str) -> Json:
        session = self.books.get("checkout.session", session_id)
        return listed(
            self.checkout.lines(session), f"/v1/checkout/sessions/{session_id}/line_items"
        )


def _equal(params: Json, names: tuple[str, ...], about: Json) -> bool:
    lists = {"ids": "id", "lookup_keys": "lookup_key", "types": "type"}
    return all(
        str(about[name]).lower() == params[name].lower() for name in names if name in params
    ) and all(about[own] in params[name] for name, own in lists.items() if name in params)


def _created(params: Json, about: Json) -> bool:
    wanted: Any = params.get("created", {})
    if isinstance(wanted, str):
        wanted = {"gte": wanted, "lte": wanted}
    return all(_COMPARES[name](about["created"], int(value)) for name, value in wanted.items())


def _status(params: Json, about: Json) -> bool:
    """Without a status the ones that were canceled are left out."""
    ids = [item["price"]["id"] for item in about["items"]["data"]]
    if "price" in params and params["price"] not in ids:
        return False
    match params.get("status"):
        case "all":
            return True
        case None:
            return bool(about["status"] != "canceled")
        case "ended":
            return about["status"] in ("canceled", "incomplete_expired")
        case status:
            return bool(about["status"] == status)


def _of_subscription(params: Json, about: Json) -> bool:
    return "subscription" not in params or of_subscription(about) == params["subscription"]
