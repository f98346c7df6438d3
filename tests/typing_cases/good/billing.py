"""Nested fan-out: customers, then invoices of each, joined level by level."""

from pydantic import BaseModel

from exodsl import Graph, collect, node


class Customer(BaseModel):
    customer_id: str


class Invoice(BaseModel):
    invoice_id: str
    amount: int


class Bill(BaseModel):
    customer_id: str
    total: int


@node
def customers(month: str) -> list[Customer]:
    return [Customer(customer_id="c1")]


@node
def invoices(customer_id: str) -> list[Invoice]:
    return [Invoice(invoice_id="i1", amount=3)]


@node
def tax(amount: int) -> int:
    return amount * 119 // 100


@node
def bill(customer_id: str, amounts: list[int]) -> Bill:
    return Bill(customer_id=customer_id, total=sum(amounts))


@node
def report(bills: list[Bill]) -> int:
    return sum(b.total for b in bills)


graph = Graph("billing")
graph.connect(customers, invoices)
graph.connect(invoices, tax)
graph.connect(tax, bill, customer_id=customers.outputs.customer_id, amounts=collect(tax.outputs)).unites(invoices)
graph.connect(bill, report, bills=collect(bill.outputs)).unites(customers)
