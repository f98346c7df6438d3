"""Which nodes write which keys of the store, and who may read them without a race."""

from __future__ import annotations

from collections.abc import Mapping

from tests.properties.bodies import Write
from tests.properties.layout import Layout
from tests.properties.shapes import Draw, ended_before

COUNTERS = ("added", "counted", "summed")
SETTINGS = ("chosen", "noted")
Writers = dict[str, tuple[Write, ...]]


def draw_writers(draws: Mapping[str, Draw], layout: Layout) -> Writers:
    """Draw the writes of each node: `add` anywhere, `set` only where the order is certain."""
    writers: Writers = {}
    for name, draw in draws.items():
        writes: list[Write] = []
        if draw.chance(35):
            writes.append(("add", draw.one(list(COUNTERS)), draw.upto(5, -2)))
        key = draw.one(list(SETTINGS))
        if draw.chance(40) and _may_set(layout, writers, name, key):
            writes.append(("set", key, draw.upto(99)))
            if draw.chance(30):
                writes.append(("add", key, 1))
        if writes:
            writers[name] = tuple(writes)
    return writers


def _writing(writers: Writers, key: str) -> list[str]:
    return [name for name, writes in writers.items() if any(written == key for _, written, _ in writes)]


def _may_set(layout: Layout, writers: Writers, name: str, key: str) -> bool:
    if layout.opened_at(name):
        return False
    return all(
        other in ended_before(layout, name) or name in ended_before(layout, other) for other in _writing(writers, key)
    )


def calm_keys(layout: Layout, writers: Writers, reader: str) -> list[str]:
    """Name the keys that nobody can write while states of `reader` are being created."""
    return [
        key
        for key in (*COUNTERS, *SETTINGS)
        if all(_is_apart(layout, reader, writer) for writer in _writing(writers, key))
    ]


def _is_apart(layout: Layout, reader: str, writer: str) -> bool:
    levels = layout.opened_at(reader)
    if not levels:
        # There is one state of the reader: what it causes comes later.
        earlier = ended_before(layout, reader)
        return writer == reader or writer in earlier or reader in ended_before(layout, writer)
    later = not layout.opened_at(writer) and reader in ended_before(layout, writer)
    return later or writer in _ended_before_level(layout, levels[0])


def _ended_before_level(layout: Layout, outermost: str) -> frozenset[str]:
    if outermost not in layout.nodes:
        # A level that belongs to no one node: what ended on one way to it may go on elsewhere.
        return frozenset()
    earlier = ended_before(layout, outermost)
    return earlier if layout.is_arrival(outermost) else earlier | {outermost}
