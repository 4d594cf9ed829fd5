"""Webhooks as Stripe sends them: the signed body of an event, exact to the byte."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from smriti.core.clock import unix_now


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way. `secret` is that of the endpoint."""

    event: dict[str, Any]
    secret: str

    @property
    def type(self) -> str:
        name: str = self.event["type"]
        return name

    @property
    def about(self) -> dict[str, Any]:
        """The object that the event tells of, as it was at that moment."""
        shown: dict[str, Any] = self.event["data"]["object"]
        return shown

    @property
    def body(self) -> bytes:
        # Indented, as Stripe does: who parses it and writes it anew cannot verify the signature.
        return json.dumps(self.event, indent=2).encode()

    def headers(self, *, age_s: int = 0, secret: str | None = None) -> dict[str, str]:
        """Signed now, or that many seconds ago; with another secret it does not verify."""
        at = unix_now() - age_s
        signed = f"{at}.".encode() + self.body
        v1 = hmac.new((secret or self.secret).encode(), signed, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": f"t={at},v1={v1},v0={'0' * 64}",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
