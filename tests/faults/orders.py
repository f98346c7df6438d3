"""A workflow with a bit of everything that is recorded, and how it is worked on from any moment on."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel

from exodsl import Context, Graph, Prune, Requeue, RetryPolicy, Store, collect, inject, node, resume
from exodsl.manager.opening import open_manager
from exodsl.manager.protocol import StateManager, Trigger
from tests.faults.outcome import Outcome, ended, outcome

SOON = timedelta(milliseconds=1)


class Ledger(BaseModel):
    """The store: counters that bodies add to, and values that they set."""

    priced: int = 0
    billed: int = 0
    asked: int = 0
    title: str = ""
    total: int = 0


class Order(BaseModel):
    order: int


class Item(BaseModel):
    item: int


@node
def orders(count: int, ledger: Store[Ledger] = inject()) -> list[Order]:
    with ledger.edit() as open_ledger:
        open_ledger.title = f"{count} orders"
    return [Order(order=order) for order in range(count)]


@node
def items(order: int) -> list[Item]:
    return [Item(item=order * 10 + item) for item in range(3)]


@node
def price(item: int, ledger: Store[Ledger] = inject(), context: Context = inject()) -> int:
    """Fail for the first item of an order until it is tried again, and prune the last item of all."""
    ledger.add("priced", 1)
    if item % 10 == 0 and context.retry_count == 0:
        raise ConnectionError(f"no price for {item} yet")
    if item == 12:
        raise Prune("out of stock", item=item)
    return item * 100


@node
def bill(order: int, prices: list[int], ledger: Store[Ledger] = inject()) -> int:
    ledger.add("billed", 1)
    return sum(prices)


@node
def close(bills: list[int], ledger: Store[Ledger] = inject()) -> int:
    """Ask once and come back; what was asked is committed together with the requeue."""
    if ledger.read().asked == 0:
        ledger.add("asked", 1)
        raise Requeue(SOON)
    with ledger.edit() as open_ledger:
        open_ledger.total = sum(bills)
    return sum(bills)


@node
def sign() -> str:
    return "signed"


@node
def send() -> str:
    return "sent"


@node
def post() -> str:
    return "posted"


@node
def file_away() -> str:
    return "filed"


graph = Graph("orders", store=Ledger, keep_store=True, retry=RetryPolicy(strategy="FIXED", backoff_factor=1))
graph.connect(orders, items)
graph.connect(items, price)
graph.connect(price, bill, order=orders.outputs.order, prices=collect(price.outputs)).unites(items)
graph.connect(bill, close, bills=collect(bill.outputs)).unites(orders)
graph.connect(close, sign)  # each link of this chain is a transaction of its own
graph.connect(sign, send)
graph.connect(send, post)
graph.connect(post, file_away)


@contextmanager
def opened(file: str | Path) -> Generator[StateManager]:
    """Open the database; syncing less changes nothing for a process that is killed."""
    manager = open_manager(str(file), durability="normal")
    try:
        yield manager
    finally:
        manager.close()


def begin(manager: StateManager) -> str:
    """Trigger the one run that there is to be, unless it was triggered before."""
    template = graph.compile()
    manager.upsert(template)
    (run_id,) = manager.trigger([Trigger(template.namespace, template.name, {"count": 2}, idempotency_key="once")])
    return run_id


def work(file: Path) -> Outcome:
    """Bring the run to its end, from wherever it stands; what had ended must stay as it is."""
    with opened(file) as manager:
        run_id = begin(manager)
        before = ended(manager, run_id)
        resume(run_id, graph, manager, workers=1)
        assert before.items() <= ended(manager, run_id).items()
        return outcome(manager, run_id)
