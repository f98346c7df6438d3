"""What goes through calls, for the metrics of a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exodsl.engine.reports import Executed, Failed, Pruned, Requeued
from exodsl.server.metrics import Metrics

_OUTCOMES = {Executed: "executed", Failed: "failed", Pruned: "pruned", Requeued: "requeued"}


def count(metrics: Metrics, name: str, arguments: Mapping[str, Any], result: Any) -> None:
    """Count the runs that a call started, the states that it handed out, and the reports that it recorded."""
    if name == "trigger":
        metrics.runs.inc(len(result))
    if name != "exchange_hosted":
        return
    metrics.claims.inc(len(result.claims))
    metrics.refused.inc(len(result.refused))
    for report in arguments["reports"]:
        outcome = _OUTCOMES.get(type(report.result))
        if outcome is not None and report.state_id not in result.refused:
            metrics.reports.labels(outcome).inc()
