"""A stateful Stripe on a loopback port, for the official SDK: no network, no account.

    with FakeStripe().running() as stripe:
        ...                      # STRIPE_API_BASE=stripe.url, STRIPE_SECRET_KEY=stripe.key
        stripe.pay(session_id)   # what a customer does on Stripe's page
        stripe.deliveries()      # the webhooks that this led to, signed, for the test to deliver

It is written from Stripe's documentation and from the SDK's types: parameters that they do not
declare are refused, lists come in pages, searches lag, and the version of a request decides about
the shape of its answer, the account's version about that of its events.
"""

import asyncio
import json
import re
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self

import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from tests.fakes.stripe_books import Json, Refused
from tests.fakes.stripe_events import Delivery
from tests.fakes.stripe_params import check, parse
from tests.fakes.stripe_routes import Account, Route
from tests.fakes.stripe_shapes import NEWEST

_REUSED: Final = (
    "Keys for idempotent requests can only be used with the same parameters they were first used "
    "with. Try using a key other than '{}' if you meant to execute a different request."
)
_PAGE: Final = re.compile(r"/c/pay/([^/]+)")
_LOST: Final = 0
_WAIT_S: Final = 20


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    form: str

    @property
    def key(self) -> str | None:
        return self.headers.get("idempotency-key") if self.method == "POST" else None


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Json | str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Hold:
    """Answers that are made, but do not arrive yet."""

    fits: Callable[[Request], bool]
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


class FakeStripe:
    """`requests` are what it was asked, in order. `version` is the account's own."""

    def __init__(
        self,
        *,
        key: str = "sk_test_of_the_fake",
        secret: str = "whsec_of_the_fake",
        version: str = NEWEST,
        started_s_ago: int = 0,
    ) -> None:
        self.key = key
        self.secret = secret
        self.url = ""
        self.requests: list[Request] = []
        self._troubles: list[int] = []
        self._account = Account(version, started_s_ago=started_s_ago)
        self._done: dict[str, tuple[tuple[str, str], Answer]] = {}
        self._holds: list[Hold] = []
        self._lock = threading.RLock()

    # What happens on Stripe's side, without our server.

    def pay(self, session_id: str, *, email: str | None = None, card_works: bool = True) -> Json:
        """The customer pays on the Checkout page."""
        with self._lock:
            return self._account.checkout.pay(session_id, email=email, card_works=card_works)

    def set_card(self, customer_id: str, *, works: bool) -> None:
        with self._lock:
            self._account.invoices.cards[customer_id] = works

    def retry(self, invoice_id: str) -> bool:
        """Stripe tries the card again."""
        with self._lock:
            return self._account.subscriptions.charge(self.object(invoice_id))

    def give_up(self, subscription_id: str) -> None:
        """All attempts have failed: Stripe ends the subscription."""
        with self._lock:
            subscription = self.object(subscription_id)
            self._account.invoices.void(self.object(subscription["latest_invoice"]))
            self._account.subscriptions.end(subscription, "payment_failed")

    def switch(self, subscription_id: str, price_id: str) -> None:
        """The customer takes another plan in the billing portal. No metadata is touched."""
        with self._lock:
            item = self.object(subscription_id)["items"]["data"][0]
            entry = {"id": item["id"], "price": price_id}
            whole = {"items": [entry], "proration_behavior": "always_invoice"}
            self._account.subscriptions.update(whole, subscription_id)

    def cancel_in_portal(self, subscription_id: str) -> None:
        """With flexible billing the portal sets `cancel_at`, not `cancel_at_period_end`."""
        with self._lock:
            self._account.subscriptions.update({"cancel_at": "min_period_end"}, subscription_id)

    def act(self, method: str, path: str, **params: Any) -> Json:
        """What an operator does in the dashboard: any request of the API, past the SDK."""
        with self._lock:
            route, ids = self._route(method, path)
            return route.handler(params, *ids)

    def advance(self, seconds: int) -> None:
        """Time goes by; what is over is renewed, canceled or expired."""
        with self._lock:
            self._account.books.advance(seconds)
            self._account.subscriptions.tick()
            self._account.checkout.tick()

    # What a test sees.

    def object(self, object_id: str) -> Json:
        return self._account.books.objects[object_id]

    def all(self, kind: str) -> list[Json]:
        """Newest first."""
        with self._lock:
            return self._account.books.all(kind)

    def asked(self, method: str, path: str) -> list[Json]:
        """The parameters of every such request."""
        return [
            parse(request.form or request.query)
            for request in self.requests
            if (request.method, request.path) == (method, path)
        ]

    def deliveries(self, *types: str) -> list[Delivery]:
        """The events since the last call, oldest first; of these types, if any are named."""
        with self._lock:
            events, self._account.books.outbox = self._account.books.outbox, []
        made = [Delivery(event, self.secret) for event in events]
        return [each for each in made if not types or each.type in types]

    def fail(self, status: int, *, times: int = 1) -> None:
        """The next answers are such errors, before anything is done."""
        self._troubles += [status] * times

    def lose(self, *, times: int = 1) -> None:
        """What is asked next is done, but a gateway on the way answers in place of Stripe."""
        self._troubles += [_LOST] * times

    @contextmanager
    def holding(self, method: str, path: str) -> Iterator[Hold]:
        """The next such request is answered by what is true now, but the answer waits."""
        hold = Hold(lambda request: (request.method, request.path) == (method, path))
        self._holds.append(hold)
        try:
            yield hold
        finally:
            hold.released.set()

    # The wire.

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Serve on a free loopback port, in a thread of its own."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            options = uvicorn.Config(
                self, lifespan="off", log_level="warning", timeout_graceful_shutdown=1
            )
            server = uvicorn.Server(options)
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self._account.checkout.url = self.url
            thread = threading.Thread(target=server.run, args=([listener],))
            thread.start()
            try:
                yield self
            finally:
                for hold in self._holds:
                    hold.released.set()
                server.should_exit = True
                thread.join()

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        assert scope["type"] == "http"
        body = b""
        more = True
        while more:
            message = await receive()
            assert message["type"] == "http.request"
            body += message.get("body", b"")
            more = message.get("more_body", False)
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode(),
            headers={name.decode(): value.decode() for name, value in scope["headers"]},
            form=body.decode(),
        )
        with self._lock:
            hold = next((each for each in self._holds if each.fits(request)), None)
            if hold is not None:
                self._holds.remove(hold)
            answer = self._answer(request)
        if hold is not None:
            hold.reached.set()
            await asyncio.to_thread(hold.released.wait, _WAIT_S)
        await _send(send, answer)

    def _answer(self, request: Request) -> Answer:
        self.requests.append(request)
        trouble = self._troubles.pop(0) if self._troubles else None
        if trouble:
            error = {"type": "api_error", "message": "Something is wrong on Stripe's end."}
            return Answer(trouble, {"error": error})
        answer = self._worked(request)
        return answer if trouble is None else Answer(502, "<h1>Bad gateway</h1>")

    def _worked(self, request: Request) -> Answer:
        page = _PAGE.fullmatch(request.path)
        if page is not None:
            return self._page(request, page[1])
        if request.key is None or request.key not in self._done:
            answer = self._once(request)
            if request.key is not None and answer.status not in (400, 401, 404):
                self._done[request.key] = ((request.path, request.form), answer)
            return answer
        first, answer = self._done[request.key]
        if first != (request.path, request.form):
            refused = Refused(400, _REUSED.format(request.key), kind="idempotency_error")
            return Answer(400, refused.body)
        return Answer(answer.status, answer.body, {"Idempotent-Replayed": "true"})

    def _once(self, request: Request) -> Answer:
        request_id = f"req_{secrets.token_hex(7)}"
        headers = {"Request-Id": request_id}
        self._account.books.request = {"id": request_id, "idempotency_key": request.key}
        try:
            self._authenticate(request)
            route, ids = self._route(request.method, request.path)
            params = parse(request.form or request.query)
            check(params, route.declared)
            expand = params.pop("expand", [])
            made = route.handler(params, *ids)
            version = request.headers.get("stripe-version", self._account.books.version)
            return Answer(200, self._account.reading.shown(made, version, expand), headers)
        except Refused as refused:
            return Answer(refused.status, refused.body, headers)
        finally:
            self._account.books.request = None

    def _authenticate(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key != self.key:
            raise Refused(401, f"Invalid API Key provided: {key[:7]}****")

    def _route(self, method: str, path: str) -> tuple[Route, tuple[str, ...]]:
        for route in self._account.routes:
            found = route.path.fullmatch(path)
            if found is not None and route.method == method:
                return route, found.groups()
        raise Refused(404, f"Unrecognized request URL ({method}: {path}).")

    def _page(self, request: Request, session_id: str) -> Answer:
        """The page where a customer pays; a card that is declined is told there."""
        headers = {"Content-Type": "text/html; charset=utf-8"}
        if request.method != "POST":
            return Answer(200, "<form method=post><button>Subscribe</button></form>", headers)
        try:
            session = self.pay(session_id, card_works="card=declined" not in request.form)
        except Refused as refused:
            return Answer(200, f"<p role=alert>{refused}</p>", headers)
        onwards = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session_id)
        return Answer(303, "", {"Location": onwards})


async def _send(send: ASGISendCallable, answer: Answer) -> None:
    text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body, indent=2)
    headers = {"Content-Type": "application/json", **answer.headers}
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "trailers": False,
        }
    )
    await send({"type": "http.response.body", "body": text.encode(), "more_body": False})
