"""What every drawing says of a node: how its states come to be, how many there are, what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

from exodsl.template.models import GraphTemplate, Unites
from exodsl.template.structure import Role, Structure

Kind = Literal["plain", "fanout", "arrival", "unite"]
Standing = Literal["unreached", "live", "done", "failed"]


class Counts(Protocol):
    """How many states of one node there are, and how they stand (semantics 3).

    `live` are those that have not ended; the other counts are those of the status of that name.
    """

    @property
    def total(self) -> int: ...
    @property
    def live(self) -> int: ...
    @property
    def success(self) -> int: ...
    @property
    def errored(self) -> int: ...
    @property
    def next_created_error(self) -> int: ...
    @property
    def pruned(self) -> int: ...
    @property
    def retry_created(self) -> int: ...


def places(counts: Counts) -> int:
    """Return how many states count: one that was superseded by its retry does not."""
    return counts.total - counts.retry_created


def ended(counts: Counts) -> int:
    """Return how many of those have ended, one way or another."""
    return places(counts) - counts.live


def failed(counts: Counts) -> int:
    """Return how many failed, or could not be followed."""
    return counts.errored + counts.next_created_error


@dataclass(frozen=True)
class Scene:
    """A checked template as a drawing sees it; `counts` by identifier, `None` without a run."""

    structure: Structure
    counts: Mapping[str, Counts] | None = None

    @classmethod
    def of(cls, template: GraphTemplate, counts: Mapping[str, Counts] | None) -> Scene:
        """Look at a checked template."""
        return cls(Structure.of(template), counts)

    @cached_property
    def united(self) -> frozenset[str]:
        """The nodes whose executions something unites."""
        wanted = (node.unites for node in self.structure.nodes.values())
        return frozenset(what.identifier for what in wanted if what and what.per == "execution")

    def fans_out(self, name: str) -> bool:
        """Say whether a node is drawn as a fanout: it is one, or may be one and something unites it."""
        declared = self.structure.nodes[name].fans_out
        return name in self.united if declared is None else declared

    @cached_property
    def arrivals(self) -> frozenset[str]:
        """The nodes that run once per arrival."""
        return frozenset(name for name in self.structure.nodes if self.structure.role(name) is Role.ARRIVAL)

    @cached_property
    def _multiplying(self) -> frozenset[str]:
        return self.arrivals | {name for name in self.structure.nodes if self.fans_out(name)}

    def many(self, name: str) -> bool:
        """Say whether a node's outputs stand beside others of one run."""
        return any(level.opener in self._multiplying for level in self.structure.outputs_levels[name])

    def kind(self, name: str) -> Kind:
        """Return what a node is drawn as."""
        if self.structure.nodes[name].unites is not None:
            return "unite"
        if name in self.arrivals:
            return "arrival"
        return "fanout" if self.fans_out(name) else "plain"

    def runs(self, name: str) -> str | None:
        """Return the node's name, where it is not its identifier, with a namespace of its own."""
        node, own = self.structure.nodes[name], self.structure.shape.template.namespace
        foreign = node.namespace not in (None, own)
        if not foreign and node.node_name == name:
            return None
        return f"{node.namespace}/{node.node_name}" if foreign else node.node_name

    def notes(self, name: str) -> tuple[str, ...]:
        """Return what there is to say of a node, the shortest first."""
        node, runs = self.structure.nodes[name], self.runs(name)
        notes = [] if runs is None else [f"runs {runs}"]
        if self.fans_out(name):
            notes.append("fans out" if node.fans_out else "may fan out")
        if node.unites is not None:
            notes.append(self._unites(node.unites))
        if name in self.arrivals:
            notes.append(f"once per arrival: {', '.join(self.structure.shape.parents[name])}")
        return tuple(notes)

    def _unites(self, unites: Unites) -> str:
        source = unites.identifier
        by_output = unites.per == "output" and self.structure.opens(source)
        what = f"each output of {source}" if by_output else source
        return f"unites {what} ({unites.strategy})"

    def of_run(self, name: str) -> Counts | None:
        """Return the counts of a node that a run has reached."""
        found = (self.counts or {}).get(name)
        return found if found is not None and found.total > 0 else None

    def standing(self, name: str) -> Standing:
        """Return how a node stands in the run, its worst part first."""
        counts = self.of_run(name)
        if counts is None:
            return "unreached"
        if failed(counts):
            return "failed"
        return "live" if counts.live else "done"

    def tally(self, name: str, signs: Mapping[str, str]) -> tuple[str, ...]:
        """Return the signs of what did not simply succeed, each with its number."""
        counts = self.of_run(name)
        if counts is None:
            return ()
        found = {
            "errored": counts.errored,
            "next_created_error": counts.next_created_error,
            "pruned": counts.pruned,
            "retried": counts.retry_created,
        }
        return tuple(f"{signs[what]}{number}" for what, number in found.items() if number)

    def progress(self, name: str) -> str:
        """Return how many states have ended, of how many."""
        counts = self.of_run(name)
        return "-" if counts is None else f"{ended(counts)}/{places(counts)}"

    def label(self, name: str, signs: Mapping[str, str]) -> tuple[str, ...]:
        """Return the lines that stand in a node's box."""
        counted = () if self.counts is None else (" ".join((self.progress(name), *self.tally(name, signs))),)
        return (name, *self.notes(name), *counted)


SIGNS: Mapping[str, str] = {"errored": "✗", "next_created_error": "!", "pruned": "⊘", "retried": "↻"}
"""The signs of what did not simply succeed, for drawings in unicode."""
LETTERS: Mapping[str, str] = {"errored": "E", "next_created_error": "N", "pruned": "P", "retried": "R"}
"""The same in ASCII."""
