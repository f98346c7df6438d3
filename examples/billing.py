"""Nested fanouts: customers, then the invoices of each, joined level by level.

Run it with ``exodsl run examples/billing.py --input month=2025-01``.
"""

from pydantic import BaseModel

from exodsl import Graph, collect, node

LEDGER = {
    "2025-01": {"c1": {"i1": 300, "i2": 1_250}, "c2": {"i3": 99}, "c3": {}},
    "2025-02": {"c1": {"i4": 700}},
}
"""Amounts in cents, by month, customer and invoice; stands for a database."""


class Customer(BaseModel):
    customer_id: str
    month: str


class Invoice(BaseModel):
    invoice_id: str
    amount: int


class Bill(BaseModel):
    customer_id: str
    total: int


@node
def customers(month: str) -> list[Customer]:
    return [Customer(customer_id=customer_id, month=month) for customer_id in LEDGER[month]]


@node
def invoices(customer_id: str, month: str) -> list[Invoice]:
    amounts = LEDGER[month][customer_id]
    return [Invoice(invoice_id=invoice_id, amount=amount) for invoice_id, amount in amounts.items()]


@node
def tax(amount: int) -> int:
    return amount * 119 // 100


@node
def bill(customer_id: str, amounts: list[int]) -> Bill:
    return Bill(customer_id=customer_id, total=sum(amounts))


@node
def report(bills: list[Bill]) -> int:
    return sum(bill.total for bill in bills)


graph = Graph("billing")
graph.connect(customers, invoices)
graph.connect(invoices, tax)
graph.connect(tax, bill, customer_id=customers.outputs.customer_id, amounts=collect(tax.outputs)).unites(
    invoices
)  # once per customer, for one without invoices as well
graph.connect(bill, report, bills=collect(bill.outputs)).unites(customers)
