"""What of a graph and of its nodes, beside values and unites, Exosphere's plain form cannot say (semantics 2)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from exodsl.template.models import GraphTemplate, NodeTemplate
from exodsl.template.policies import RetryPolicy
from exodsl.template.triggers import CronSchedule

_LAST_WEEKDAY = re.compile(r"\dL$")


def of_graph(template: GraphTemplate) -> Iterator[str]:
    """Say what holds for the whole graph and cannot be said."""
    for name in ("retry_on", "give_up_on"):
        if getattr(template.retry_policy, name) != getattr(RetryPolicy(), name):
            yield f"its retry policy has `{name}`; Exosphere retries every exception. Leave it out."


def of_node(template: GraphTemplate, node: NodeTemplate) -> Iterator[str]:
    """Say what is set for one node and cannot be said."""
    if node.retry_policy is not None and node.retry_policy != template.retry_policy:
        yield "it has a retry policy of its own; in Exosphere that of the graph holds for all. Give it to the graph."
    if node.timeout_ms is not None:
        yield f"it has a timeout of {node.timeout_ms} ms; Exosphere has none. Let the body look at the time itself."
    if node.executor is not None:
        yield f'it asks for executor "{node.executor}"; Exosphere has none. Start it from the body.'
    if node.namespace not in (None, template.namespace):
        yield (
            f'it is of namespace "{node.namespace}"; Exosphere loses a run that leaves "{template.namespace}".'
            " Register the node there."
        )


def of_schedules(template: GraphTemplate) -> Iterator[str]:
    """Say what of schedules cannot be said."""
    counts = Counter(trigger.value.expression.upper() for trigger in template.triggers)
    for trigger in template.triggers:
        for why in (*_beyond_cron(trigger.value), *_other_cron(trigger.value.expression)):
            yield f'schedule "{trigger.value.expression}": {why}'
    for expression, count in counts.items():
        if count > 1:
            yield f'schedule "{expression}": it stands there {count} times; Exosphere ticks once. Leave the others out.'


def _beyond_cron(schedule: CronSchedule) -> Iterator[str]:
    if schedule.tz != "UTC":
        yield f"it is read in {schedule.tz}, in Exosphere in UTC. Write it in UTC."
    if schedule.catch_up != "latest":
        yield f'catch_up="{schedule.catch_up}"; Exosphere starts the latest tick that it missed. Leave it out.'
    if schedule.overlap != "allow":
        yield f'overlap="{schedule.overlap}"; Exosphere starts a run whatever goes on. Write overlap="allow".'


def _other_cron(expression: str) -> Iterator[str]:
    """Say which of our expressions Exosphere's cron does not read."""
    *_, day, _, weekday = expression.upper().split()
    if "W" in day:
        yield f'Exosphere does not know "{day}". Name the day.'
    if _LAST_WEEKDAY.search(weekday):
        yield f'Exosphere does not know "{weekday}". Name the weeks, or trigger it from elsewhere.'
