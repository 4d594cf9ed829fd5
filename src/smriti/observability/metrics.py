"""What is counted and timed, in Prometheus' terms. One registry per app, no globals."""

from collections.abc import Collection
from typing import Final, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

type TurnOutcome = Literal["complete", "cancelled", "failed", "suspended"]
type TokenKind = Literal["input", "output", "cached", "reasoning"]

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_TURN_SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_BUILD_SECONDS: Final = (0.01, 0.05, 0.25, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_FIRST_TOKEN_SECONDS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Labels come from closed sets; what callers invent is counted as `other` or `unmatched`."""

    def __init__(self, *, native_tools: Collection[str] = ()) -> None:
        self._native_tools = frozenset(native_tools)
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "smriti_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._request_seconds = Histogram(
            "smriti_request_seconds",
            "Time to the end of the answer; of an event stream, to its beginning.",
            ("method", "route"),
            registry=registry,
        )
        self._open_streams = Gauge(
            "smriti_open_streams", "Event streams being read now.", registry=registry
        )
        self._measure_turns(registry)
        self._measure_searches(registry)

    def _measure_turns(self, registry: CollectorRegistry) -> None:
        self._turns_started = Counter("smriti_turns_started", "Turns begun.", registry=registry)
        self._turns_finished = Counter(
            "smriti_turns_finished", "Turns ended, by outcome.", ("outcome",), registry=registry
        )
        self._turn_seconds = Histogram(
            "smriti_turn_seconds",
            "From the question to the stored answer.",
            buckets=_TURN_SECONDS,
            registry=registry,
        )
        self._first_token_seconds = Histogram(
            "smriti_first_token_seconds",
            "From the question to the model's first output.",
            buckets=_FIRST_TOKEN_SECONDS,
            registry=registry,
        )
        self._steps = Counter("smriti_steps", "Model calls of turns.", registry=registry)
        self._tools_seconds = Counter(
            "smriti_tools_seconds", "Time that turns have spent in tools.", registry=registry
        )
        self._cost = Counter(
            "smriti_cost_dollars",
            "What models cost, estimated from the catalogue's prices.",
            registry=registry,
        )
        self._tokens = Counter("smriti_tokens", "Tokens, by kind.", ("kind",), registry=registry)
        self._tool_calls = Counter(
            "smriti_tool_calls",
            "Tool calls; tools that are not built in are `other`.",
            ("tool", "outcome"),
            registry=registry,
        )

    def _measure_searches(self, registry: CollectorRegistry) -> None:
        self._searches = Counter("smriti_searches", "Searches of an index.", registry=registry)
        self._index_build_seconds = Histogram(
            "smriti_index_build_seconds",
            "Reading a whole corpus into an index.",
            buckets=_BUILD_SECONDS,
            registry=registry,
        )
        self._index_bytes = Gauge("smriti_index_bytes", "Indexes in memory.", registry=registry)
        self._index_evictions = Counter(
            "smriti_index_evictions", "Indexes that made room for others.", registry=registry
        )

    def request_finished(
        self, *, method: str, route: str | None, status: int, seconds: float
    ) -> None:
        """`route` is the template (`/agents/{agent_id}`), None when no route matched."""
        method = method if method in _METHODS else "other"
        route = route or "unmatched"
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(method, route).observe(seconds)

    def stream_opened(self) -> None:
        self._open_streams.inc()

    def stream_closed(self) -> None:
        self._open_streams.dec()

    def turn_started(self) -> None:
        self._turns_started.inc()

    def turn_finished(self, outcome: TurnOutcome, *, seconds: float) -> None:
        self._turns_finished.labels(outcome).inc()
        self._turn_seconds.observe(seconds)

    def turn_spent(self, *, steps: int, tools_s: float, cost: float | None) -> None:
        """What a turn took; `cost` in US dollars, None when no price is known."""
        self._steps.inc(steps)
        self._tools_seconds.inc(tools_s)
        self._cost.inc(cost or 0.0)

    def first_token_seen(self, *, seconds: float) -> None:
        self._first_token_seconds.observe(seconds)

    def tokens_used(self, kind: TokenKind, count: int) -> None:
        self._tokens.labels(kind).inc(count)

    def tool_called(self, name: str, *, success: bool) -> None:
        tool = name if name in self._native_tools else "other"
        self._tool_calls.labels(tool, "ok" if success else "failed").inc()

    def searched(self) -> None:
        self._searches.inc()

    def index_built(self, *, seconds: float) -> None:
        self._index_build_seconds.observe(seconds)

    def index_bytes(self, held: int) -> None:
        """What all indexes in memory take now."""
        self._index_bytes.set(held)

    def index_evicted(self) -> None:
        self._index_evictions.inc()

    def text(self) -> bytes:
        """Everything, in the text exposition format."""
        return generate_latest(self._registry)
