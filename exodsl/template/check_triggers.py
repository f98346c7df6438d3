"""Can every schedule tick, and can a tick start a run (semantics 9)."""

from __future__ import annotations

from collections.abc import Iterator

from exodsl.template.cron import cron_fault, zone_fault
from exodsl.template.findings import Finding
from exodsl.template.models import GraphTemplate
from exodsl.template.needs import needed_inputs


def trigger_name(index: int) -> str:
    """Return what findings call a schedule, after its place in the template."""
    return f"triggers[{index}]"


def check_triggers(template: GraphTemplate) -> Iterator[Finding]:
    """Give what is wrong with the schedules themselves, whatever the graph is like."""
    seen: set[tuple[str, str]] = set()
    for index, trigger in enumerate(template.triggers):
        cron, tz = trigger.value.expression, trigger.value.tz
        about = (trigger_name(index),)
        for code, fault in (("E160", cron_fault(cron)), ("E161", zone_fault(tz))):
            if fault is not None:
                yield Finding(code, f'schedule "{cron}": {fault[0]}', None, about, fault[1])
        if (cron.upper(), tz) in seen:
            yield Finding("E162", f'schedule "{cron}" in {tz} stands there twice.', None, about, "Keep one of them.")
        seen.add((cron.upper(), tz))


def check_start(template: GraphTemplate) -> Iterator[Finding]:
    """Give what a run needs that no tick can give; only for a graph with one root."""
    if not template.triggers:
        return
    for what, names in (("input", needed_inputs(template)), ("store key", template.store_config.required_keys)):
        if names:
            listed = ", ".join(f"`{name}`" for name in names)
            plural = "s" if len(names) > 1 else ""
            message = f"a schedule gives no {what}s, and no run starts without the {what}{plural} {listed}."
            cure = "Give each a default." if plural else "Give it a default."
            yield Finding("E163", message, None, (trigger_name(0), what), cure)
