"""How a node of a run stands: its numbers, its sign, and what there is to say about it in a few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from exodsl.manager.inspection import NodeActivity, Verdict
from exodsl.manager.views import NodeProgress
from exodsl.template.drawings import Scene
from exodsl_tui.bars import bar
from exodsl_tui.looking import COUNTED, Gates, Look
from exodsl_tui.signs import Piece, Pieces, Signs
from exodsl_tui.words import brief, counted, say, span

NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Stand:
    """One node of a run, or a folded chain of them.

    :param names: one node, or those of a chain; numbers are those of all.
    :param places: how many states there are; those that were superseded do not count.
    :param run: how many are at work, children being made included; `wait` those that wait for their time.
    :param executions: how often a node that fans out did so, where that is known.
    """

    names: tuple[str, ...]
    is_unite: bool = False
    fans_out: bool = False
    many: bool = False
    places: int = 0
    ok: int = 0
    err: int = 0
    run: int = 0
    wait: int = 0
    pruned: int = 0
    cancelled: int = 0
    superseded: int = 0
    executions: int | None = None
    median_ms: int | None = None
    next_due: datetime | None = None
    oldest_running: datetime | None = None
    gates: Gates | None = None

    @property
    def name(self) -> str:
        """The node, or the first of the chain."""
        return self.names[0]

    @property
    def is_reached(self) -> bool:
        """Whether it has states, or a gate that waits."""
        return self.places > 0 or self.gates is not None

    @property
    def dead(self) -> int:
        """How many states keep its only gate from opening."""
        return 0 if self.gates is None or self.gates.verdict is None else _of(self.gates.verdict, "dead")

    @property
    def status(self) -> str:
        """The status by whose sign it is known: that of its worst part."""
        if self.err or self.dead or (self.gates and self.gates.blocked):
            return "ERRORED"
        if self.run:
            return "QUEUED"
        if self.wait or not self.places:
            return "CREATED"
        if self.ok:
            return "SUCCESS"
        return "PRUNED" if self.pruned else "CANCELLED"


def stands(scene: Scene, look: Look, names: Iterable[Sequence[str]]) -> list[Stand]:
    """Return how nodes, or chains of them, stand."""
    return [_together([_stand(scene, look, name) for name in chain]) for chain in names]


def _stand(scene: Scene, look: Look, name: str) -> Stand:
    progress, activity = look.progress[name], look.activity.get(name)
    activity = activity or NodeActivity(name, 0, 0, None, None, None)
    return Stand(
        names=(name,),
        is_unite=scene.structure.nodes[name].unites is not None,
        fans_out=scene.fans_out(name),
        many=_is_many(scene, name),
        places=progress.total - progress.retry_created,
        ok=progress.success,
        err=progress.errored + progress.next_created_error,
        run=max(progress.live - activity.waiting, 0),
        wait=min(activity.waiting, progress.live),
        pruned=progress.pruned,
        cancelled=progress.cancelled,
        superseded=progress.retry_created,
        executions=_executions(scene, look.progress, name),
        median_ms=activity.median_ms,
        next_due=activity.next_due,
        oldest_running=activity.oldest_running,
        gates=look.gates.get(name),
    )


def _is_many(scene: Scene, name: str) -> bool:
    """Say whether a node can have several states in a run, its own fanout aside."""
    return bool(scene.structure.levels[name]) or scene.fans_out(name)


def _executions(scene: Scene, progress: Mapping[str, NodeProgress], name: str) -> int | None:
    """Return how often a node that fans out was executed, where the counts of what leads to it tell."""
    if not scene.fans_out(name) or scene.kind(name) != "fanout":
        return None
    parents = scene.structure.shape.parents[name]
    if not parents:
        return 1
    return None if scene.fans_out(parents[0]) else progress[parents[0]].success


def _together(chain: Sequence[Stand]) -> Stand:
    if len(chain) == 1:
        return chain[0]
    return Stand(
        names=tuple(stand.name for stand in chain),
        many=chain[0].many,
        places=sum(stand.places for stand in chain),
        ok=sum(stand.ok for stand in chain),
        err=sum(stand.err for stand in chain),
        run=sum(stand.run for stand in chain),
        wait=sum(stand.wait for stand in chain),
        pruned=sum(stand.pruned for stand in chain),
        cancelled=sum(stand.cancelled for stand in chain),
        superseded=sum(stand.superseded for stand in chain),
        next_due=min((s.next_due for s in chain if s.next_due), default=None),
        oldest_running=min((s.oldest_running for s in chain if s.oldest_running), default=None),
    )


def sign_of(stand: Stand, signs: Signs) -> Piece:
    """Return the sign of a node: of a unite that has not run yet that of a gate, unless something keeps it shut."""
    if stand.is_unite and not stand.places and stand.status != "ERRORED":
        return signs.gate("OPEN")
    return signs.state(stand.status)


def progress(stand: Stand, signs: Signs, width: int) -> Pieces:
    """Return the bar of a node; that of a unite that has not run yet shows what arrived at its only gate."""
    if not stand.places and stand.gates is not None and stand.gates.verdict is not None:
        return arriving(stand.gates.verdict, signs, width)
    total, ahead = stand.places, stand.wait
    return bar(signs, width, total=total, success=stand.ok, failed=stand.err, live=stand.run, ahead=ahead)


def arriving(verdict: Verdict, signs: Signs, width: int) -> Pieces:
    """Return the bar of one gate: the branches that arrived there, and those that did not."""
    gate, moving, waiting = verdict.gate, _of(verdict, "moving"), _of(verdict, "waiting")
    total = gate.arrived + gate.failed + gate.pruned + moving + waiting
    return bar(signs, width, total=total, success=gate.arrived, failed=gate.failed, live=moving, ahead=waiting)


def _of(verdict: Verdict, kind: str) -> int:
    return sum(group.count for group in verdict.groups if group.kind == kind)


def width_of(stand: Stand) -> str:
    """Return how many states a node has: nothing for a single one, `x240`, or `gate`."""
    if stand.is_unite and not stand.places:
        return "gate" if stand.gates is None or stand.gates.total <= 1 else "gates"
    if len(stand.names) > 1 or (not stand.many and stand.places <= 1):
        return ""
    return f"x{brief(stand.places)}" if stand.places else ""


def note(stand: Stand, now: datetime) -> Pieces:
    """Return what there is to say about a node, the most urgent first."""
    if not stand.is_reached:
        return say(NOT_REACHED, "dim")
    if stand.gates is not None and (said := gates_said(stand.gates)):
        return said
    return _joined(_notes(stand, now))


def _notes(stand: Stand, now: datetime) -> list[Piece]:
    found: list[Piece] = []
    if stand.oldest_running is not None:
        found.append((f"oldest {span((now - stand.oldest_running).total_seconds())}", "active"))
    if stand.wait and stand.next_due is not None and stand.next_due > now:
        found.append((f"due {span((stand.next_due - now).total_seconds())}", "wait"))
    if stand.fans_out and stand.places and stand.executions:
        found.append((f"{brief(stand.executions)} -> {brief(stand.places)}", ""))
    for count, word in ((stand.pruned, "pruned"), (stand.cancelled, "cancelled"), (stand.superseded, "tried again")):
        if count:
            found.append((f"{brief(count)} {word}", "dim"))
    return found


def gates_said(gates: Gates) -> Pieces:
    """Return how the gates of a unite stand; nothing where all are passed."""
    if gates.verdict is not None:
        dead: Pieces = (("  -> enter", "dim"),) if _of(gates.verdict, "dead") else ()
        return (*arrivals(gates.verdict), *dead)
    if not gates.open and not gates.blocked:
        return ()
    found: list[Piece] = [(counted(gates.total, "gate"), "")]
    if gates.passed:
        found.append((f"{brief(gates.passed)} passed", "ok"))
    if gates.open:
        found.append((f"{_up_to(gates.open)} open", "active"))
    if gates.blocked:
        found.append((f"{_up_to(gates.blocked)} BLOCKED", "bad"))
    return (*_joined(found), ("  -> enter", "dim"))


def _up_to(count: int) -> str:
    return f"{count}+" if count >= COUNTED else str(count)


def arrivals(verdict: Verdict) -> Pieces:
    """Return what arrived at one gate, and what did not: `90 arrived of >=240, 1 DEAD, 149 moving`."""
    of = f"{'' if verdict.exact else '>='}{brief(verdict.expected)}"
    found: list[Piece] = [(f"{brief(verdict.gate.arrived)} arrived of {of}", "")]
    if dead := _of(verdict, "dead"):
        found.append((f"{brief(dead)} DEAD", "bad"))
    if moving := _of(verdict, "moving"):
        found.append((f"{brief(moving)} moving", "active"))
    if waiting := _of(verdict, "waiting"):
        found.append((f"{brief(waiting)} waiting", "wait"))
    return _joined(found)


def _joined(pieces: Sequence[Piece]) -> Pieces:
    found: list[Piece] = []
    for piece in pieces:
        found += [(", ", "dim"), piece] if found else [piece]
    return tuple(found)


def blocker(stands: Iterable[Stand]) -> str | None:
    """Return the node that holds a run up: the first that failed, else that of the oldest body, or of what is due."""
    known = list(stands)
    bad = next((stand.name for stand in known if stand.err), None)
    if bad is not None:
        return bad
    running = [(stand.oldest_running, stand.name) for stand in known if stand.oldest_running]
    waiting = [(stand.next_due, stand.name) for stand in known if stand.next_due]
    return min(running or waiting, default=(None, None))[1]
