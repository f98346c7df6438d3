"""What Prometheus sees of a server: requests, how long they took, and what went through."""

from __future__ import annotations

from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_TYPE = CONTENT_TYPE_PLAIN_1_0_0
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The counters of one server; several in one process do not share them."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "exodsl_http_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self.seconds = Histogram(
            "exodsl_http_request_seconds",
            "How long requests took.",
            ("method", "route"),
            buckets=SECONDS,
            registry=self._registry,
        )
        self.under_way = Gauge("exodsl_http_requests_under_way", "Requests not answered yet.", registry=self._registry)
        self.runs = Counter("exodsl_runs_triggered", "Runs started over HTTP.", registry=self._registry)
        self.claims = Counter("exodsl_states_claimed", "States handed out.", registry=self._registry)
        self.reports = Counter(
            "exodsl_reports", "Reports recorded, by what they said.", ("outcome",), registry=self._registry
        )
        self.refused = Counter(
            "exodsl_reports_refused", "Reports of states that were not the caller's any more.", registry=self._registry
        )

    def text(self) -> bytes:
        """Return all of them in Prometheus's text format."""
        return generate_latest(self._registry)


class Metering:
    """Counts every request under the route that answered it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, begun = 500, perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._metrics.under_way.track_inprogress():
            try:
                await self._app(scope, receive, watched)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                method = scope["method"] if route != "none" else "any"
                self._metrics.requests.labels(method, route, str(status)).inc()
                self._metrics.seconds.labels(method, route).observe(perf_counter() - begun)
