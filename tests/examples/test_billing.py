"""Billing: nested fanouts, joined level by level."""

from collections.abc import Callable
from types import ModuleType

from exodsl.testing import GraphSnapshot

Example = Callable[[str], ModuleType]


def test_each_customer_gets_one_bill_over_all_invoices(example: Example) -> None:
    billing = example("billing")

    run = billing.graph.run(month="2025-01", db=":memory:")

    bills = [(bill.customer_id, bill.total) for bill in run.outputs(billing.bill)]
    assert bills == [("c1", 357 + 1487), ("c2", 117), ("c3", 0)]
    assert run.output(billing.report) == 357 + 1487 + 117


def test_the_template_lists_the_nodes_in_the_order_of_the_work(example: Example) -> None:
    template = example("billing").graph.compile()

    assert [node.identifier for node in template.nodes] == ["customers", "invoices", "tax", "bill", "report"]


def test_the_graph_is_the_one_that_was_reviewed(example: Example, graph_snapshot: GraphSnapshot) -> None:
    assert example("billing").graph == graph_snapshot
