"""localstripe, somebody else's stateful Stripe of an old version, as a process of its own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx2
from stripe import StripeClient

from tests.e2e.dynamodb import free_port

KEY: Final = "sk_test_of_localstripe"
SECRET: Final = "whsec_of_localstripe"
PAYS: Final = "4242424242424242"
FAILS: Final = "4000000000000341"  # it can be attached, but not charged

# Its own command listens on every interface.
_SERVE: Final = """
import sys
from aiohttp import web
from localstripe.server import app
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""


class LocalStripe:
    """`url` is its address; `sdk` the official client of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sdk = StripeClient(KEY, base_addresses={"api": url})

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["LocalStripe"]:
        port = free_port()
        with subprocess.Popen([sys.executable, "-c", _SERVE, str(port)]) as process:
            try:
                stripe = cls(f"http://127.0.0.1:{port}")
                stripe.wait_until_it_answers(process)
                yield stripe
            finally:
                process.kill()

    def wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert process.poll() is None, "localstripe ended"
            try:
                httpx2.get(self.url, timeout=1)
            except httpx2.TransportError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("localstripe does not answer")

    def send_webhooks_to(self, url: str) -> None:
        config = {"url": url, "secret": SECRET}
        response = httpx2.post(f"{self.url}/_config/webhooks/ours", data=config, timeout=5)
        response.raise_for_status()

    def price(self, name: str, cents: int) -> str:
        """It knows no prices, but their forerunners: plans, whose ids are valid as prices."""
        product = self.sdk.v1.products.create({"name": name, "type": "service"})
        plan = self.sdk.v1.plans.create(
            {"product": product.id, "amount": cents, "currency": "usd", "interval": "month"}
        )
        return plan.id

    def customer(self, email: str, card: str = PAYS) -> str:
        """Somebody whose card is known."""
        params: Any = {"card": {"number": card, "exp_month": 12, "exp_year": 2040, "cvc": "123"}}
        token = self.sdk.v1.tokens.create(params)
        customer = self.sdk.v1.customers.create(
            {"metadata": {"user_email": email}, "source": token.id}
        )
        return customer.id

    def subscribe(self, customer: str, price: str) -> str:
        made = self.sdk.v1.subscriptions.create({"customer": customer, "items": [{"plan": price}]})
        return made.id
