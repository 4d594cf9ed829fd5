"""Stripe's own pages: Checkout, where a customer pays, and the billing portal."""

from typing import Any, Final

from tests.fakes.stripe_books import Books, Json, Refused
from tests.fakes.stripe_catalogue import Catalogue
from tests.fakes.stripe_invoices import Invoices, declined
from tests.fakes.stripe_params import required
from tests.fakes.stripe_subscriptions import Subscriptions

_HALF_HOUR_S: Final = 1800
_DAY_S: Final = 86_400


class Checkout:
    """`url` is where the pages are."""

    def __init__(
        self, books: Books, catalogue: Catalogue, subscriptions: Subscriptions, invoices: Invoices
    ) -> None:
        self.url = "https://checkout.stripe.test"
        self._books = books
        self._catalogue = catalogue
        self._subscriptions = subscriptions
        self._invoices = invoices

    def create(self, params: Json) -> Json:
        self._check(params)
        entries = params["line_items"]
        prices = [self._subscriptions.recurring(entry) for entry in entries]
        amounts = [
            price["unit_amount"] * int(entry.get("quantity", 1))
            for price, entry in zip(prices, entries, strict=True)
        ]
        now = self._books.now()
        email = params.get("customer_email")
        session = self._books.new(
            "checkout.session",
            _data=params.get("subscription_data", {}),
            _items=entries,
            allow_promotion_codes=params.get("allow_promotion_codes") == "true" or None,
            amount_subtotal=sum(amounts),
            amount_total=sum(amounts),
            cancel_url=params.get("cancel_url"),
            client_reference_id=params.get("client_reference_id"),
            currency=prices[0]["currency"],
            custom_fields=[],
            customer=params.get("customer"),
            customer_creation=None,
            customer_details={"email": email, "name": None} if email else None,
            customer_email=email,
            expires_at=int(params.get("expires_at", now + _DAY_S)),
            invoice=None,
            locale=params.get("locale"),
            mode="subscription",
            payment_intent=None,
            payment_method_collection="always",
            payment_method_types=["card"],
            payment_status="unpaid",
            status="open",
            subscription=None,
            success_url=params["success_url"],
            ui_mode="hosted_page",
        )
        session["url"] = f"{self.url}/c/pay/{session['id']}"
        self._books.tag(session, params.get("metadata", {}))
        return session

    def _check(self, params: Json) -> None:
        required(params, "mode", "line_items", "success_url")
        if params["mode"] != "subscription":
            raise Refused(400, "This fake knows `subscription` mode alone.", param="mode")
        if "customer" in params and "customer_email" in params:
            raise Refused(
                400, "You may only specify one of these parameters: customer, customer_email."
            )
        if "allow_promotion_codes" in params and "discounts" in params:
            raise Refused(
                400,
                "You may only specify one of these parameters: allow_promotion_codes, discounts.",
            )
        if "customer_creation" in params:
            raise Refused(400, "`customer_creation` can only be used in `payment` mode.")
        if "customer" in params:
            self._books.live("customer", params["customer"], "customer")
        if "expires_at" in params:
            ahead = int(params["expires_at"]) - self._books.now()
            if not _HALF_HOUR_S <= ahead <= _DAY_S:
                raise Refused(
                    400,
                    "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours "
                    "from Checkout Session creation.",
                    param="expires_at",
                )

    def update(self, params: Json, session_id: str) -> Json:
        session = self._books.get("checkout.session", session_id)
        self._books.tag(session, params.get("metadata") or {})
        return session

    def expire(self, _: Json, session_id: str) -> Json:
        session = self._books.get("checkout.session", session_id)
        if session["status"] != "open":
            raise Refused(
                400,
                'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
                f"Session has a status of `{session['status']}`.",
            )
        session |= {"status": "expired", "url": None}
        self._books.emit("checkout.session.expired", session)
        return session

    def tick(self) -> None:
        """Let go what is too old."""
        now = self._books.now()
        for session in self._books.all("checkout.session", lambda o: o["status"] == "open"):
            if session["expires_at"] <= now:
                self.expire({}, session["id"])

    def pay(self, session_id: str, *, email: str | None = None, card_works: bool = True) -> Json:
        """The customer fills the form; a card that is declined leaves the session open."""
        session = self._books.get("checkout.session", session_id)
        if session["status"] != "open":
            raise Refused(400, f"This Checkout Session is {session['status']}.")
        if not card_works:
            raise declined()
        customer = self._customer(session, email)
        self._invoices.cards[customer["id"]] = True
        subscription = self._subscriptions.start(customer, session["_items"], session["_data"])
        session |= {
            "customer": customer["id"],
            "customer_details": {"email": customer["email"], "name": customer["name"]},
            "invoice": subscription["latest_invoice"],
            "payment_status": "paid",
            "status": "complete",
            "subscription": subscription["id"],
            "url": None,
        }
        self._books.emit("checkout.session.completed", session)
        return session

    def _customer(self, session: Json, email: str | None) -> Json:
        if session["customer"] is not None:
            return self._books.live("customer", session["customer"])
        return self._catalogue.create_customer({"email": email or session["customer_email"]})

    def lines(self, session: Json) -> list[dict[str, Any]]:
        return [
            {
                "id": f"li_{number}_{session['id']}",
                "object": "item",
                "amount_total": session["amount_total"],
                "currency": session["currency"],
                "price": self._books.get("price", entry["price"]),
                "quantity": int(entry.get("quantity", 1)),
            }
            for number, entry in enumerate(session["_items"])
        ]

    def open_portal(self, params: Json) -> Json:
        required(params, "customer")
        customer = self._books.live("customer", params["customer"], "customer")
        portal = self._books.new(
            "billing_portal.session",
            configuration="bpc_default",
            customer=customer["id"],
            flow=None,
            locale=params.get("locale"),
            on_behalf_of=None,
            return_url=params.get("return_url"),
        )
        del portal["metadata"]
        portal["url"] = f"{self.url}/p/session/{portal['id']}"
        return portal
