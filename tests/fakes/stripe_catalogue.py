"""Customers, products and prices of a fake Stripe."""

from typing import Any, Final

from tests.fakes.stripe_books import Books, Json, Refused, truth
from tests.fakes.stripe_params import required
from tests.fakes.stripe_subscriptions import Subscriptions

_RUNS: Final = ("active", "incomplete", "past_due", "paused", "trialing", "unpaid")


class Catalogue:
    def __init__(self, books: Books, subscriptions: Subscriptions) -> None:
        self._books = books
        self._subscriptions = subscriptions

    def create_customer(self, params: Json) -> Json:
        customer = self._books.new(
            "customer",
            address=None,
            balance=0,
            currency=None,
            default_source=None,
            delinquent=False,
            description=params.get("description"),
            email=params.get("email"),
            invoice_settings={"default_payment_method": None},
            name=params.get("name"),
            phone=None,
            preferred_locales=[],
            tax_exempt="none",
        )
        self._books.tag(customer, params.get("metadata", {}))
        self._books.emit("customer.created", customer)
        return customer

    def update_customer(self, params: Json, customer_id: str) -> Json:
        customer = self._books.live("customer", customer_id)
        self._books.tag(customer, params.get("metadata") or {})
        told = {key: params[key] for key in ("description", "email", "name") if key in params}
        self._books.change("customer.updated", customer, **told)
        return customer

    def delete_customer(self, _: Json, customer_id: str) -> Json:
        """Its subscriptions end at once."""
        customer = self._books.live("customer", customer_id)
        for subscription in self._books.all("subscription", lambda o: o["status"] in _RUNS):
            if subscription["customer"] == customer_id:
                self._subscriptions.end(subscription, "cancellation_requested")
        self._books.emit("customer.deleted", customer)
        customer["deleted"] = True
        return customer

    def create_product(self, params: Json) -> Json:
        required(params, "name")
        given_id = params.get("id")
        if given_id in self._books.objects:
            raise Refused(400, "Product already exists.", code="resource_already_exists")
        product = self._books.new(
            "product",
            object_id=given_id,
            active=truth(params.get("active", True)),
            default_price=None,
            description=params.get("description"),
            images=[],
            marketing_features=params.get("marketing_features", []),
            name=params["name"],
            tax_code=None,
            type="service",
            unit_label=None,
            updated=self._books.now(),
            url=None,
        )
        self._books.tag(product, params.get("metadata", {}))
        self._books.emit("product.created", product)
        if "default_price_data" in params:
            price = self.create_price({**params["default_price_data"], "product": product["id"]})
            product["default_price"] = price["id"]
        return product

    def update_product(self, params: Json, product_id: str) -> Json:
        product = self._books.live("product", product_id)
        self._books.tag(product, params.get("metadata") or {})
        self._books.change("product.updated", product, **_changes(params, "name", "description"))
        return product

    def create_price(self, params: Json) -> Json:
        required(params, "currency")
        if "product_data" in params:
            params = params | {"product": self.create_product(params["product_data"])["id"]}
        required(params, "product", "unit_amount")
        product = self._books.live("product", params["product"], "product")
        recurring = params.get("recurring")
        price = self._books.new(
            "price",
            active=truth(params.get("active", True)),
            billing_scheme="per_unit",
            currency=params["currency"].lower(),
            custom_unit_amount=None,
            lookup_key=None,
            nickname=params.get("nickname"),
            product=product["id"],
            recurring=recurring
            and {
                "interval": recurring["interval"],
                "interval_count": int(recurring.get("interval_count", 1)),
                "meter": None,
                "trial_period_days": None,
                "usage_type": "licensed",
            },
            tax_behavior="unspecified",
            tiers_mode=None,
            transform_quantity=None,
            type="recurring" if recurring else "one_time",
            unit_amount=int(params["unit_amount"]),
            unit_amount_decimal=params["unit_amount"],
        )
        self._books.tag(price, params.get("metadata", {}))
        self._take_lookup_key(price, params)
        self._books.emit("price.created", price)
        return price

    def update_price(self, params: Json, price_id: str) -> Json:
        price = self._books.live("price", price_id)
        self._books.tag(price, params.get("metadata") or {})
        self._take_lookup_key(price, params)
        self._books.change("price.updated", price, **_changes(params, "nickname"))
        return price

    def _take_lookup_key(self, price: Json, params: Json) -> None:
        """One price has it at a time; another gives it up only when asked to."""
        key = params.get("lookup_key")
        if not key:
            return
        for other in self._books.all("price", lambda o: o["lookup_key"] == key and o is not price):
            if not truth(params.get("transfer_lookup_key")):
                raise Refused(
                    400,
                    f"A price (`{other['id']}`) already uses that lookup key.",
                    param="lookup_key",
                )
            other["lookup_key"] = None
        price["lookup_key"] = key


def _changes(params: Json, *names: str) -> dict[str, Any]:
    told = {key: params[key] or None for key in names if key in params}
    return told | ({"active": truth(params["active"])} if "active" in params else {})
