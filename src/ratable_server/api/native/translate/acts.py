"""What happens to contracts, in the words of the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ratable.terms import BundleLine
from ratable_server.api.native.translate.words import month_text
from ratable_server.operations.amendments import ConsumptionAdjustment, ContractTermination
from ratable_server.operations.documents import CreditMemo, Invoice, Payment
from ratable_server.operations.told import Filed
from ratable_server.queries.documents import Document

Fields = Mapping[str, Any]


def to_invoice(fields: Fields) -> Invoice:
    """An invoice."""
    names = ("contract", "amount", "prepaid_commit", "subscription", "milestone")
    return Invoice(**_own(fields, names), is_of_usage=fields.get("of_usage", False), code=fields.get("id"))


def to_payment(fields: Fields) -> Payment:
    """A payment."""
    return Payment(contract=fields["contract"], amount=fields["amount"], code=fields.get("id"))


def to_credit_memo(fields: Fields) -> CreditMemo:
    """A credit memo; one that names a prepaid commit takes from what is left of it."""
    against = "liability" if "prepaid_commit" in fields else "revenue"
    names = ("contract", "amount", "prepaid_commit", "period")
    return CreditMemo(**_own(fields, names), against=against, code=fields.get("id"))  # type: ignore[arg-type]


def to_adjustment(fields: Fields) -> ConsumptionAdjustment:
    """An adjustment."""
    return ConsumptionAdjustment(**_own(fields, ("prepaid_commit", "period", "amount")), code=fields.get("id"))


def to_termination(fields: Fields) -> ContractTermination:
    """A termination."""
    refund = {"refund": fields["refund"]} if "refund" in fields else {}
    return ContractTermination(contract=fields["contract"], on=fields["date"], **refund)


def to_lines(lines: Iterable[Fields]) -> tuple[BundleLine, ...]:
    """The shares of an allocation."""
    return tuple(
        BundleLine(
            product_id=line["product"],
            percentage=line.get("percentage"),
            standalone_price=line.get("standalone_price"),
        )
        for line in lines
    )


def from_filed(filed: Filed) -> dict[str, Any]:
    """How a fact is filed."""
    return {"id": filed.code, "number": filed.number, "on": filed.on, "month": month_text(filed.booked_on)}


def from_document(document: Document) -> dict[str, Any]:
    """A document as it is filed."""
    names = ("kind", "contract", "currency", "amount", "on", "number", "voided_on", "created_at")
    own = {name: getattr(document, name) for name in names}
    return {"id": document.code, **own, "of_usage": document.is_of_usage, "month": month_text(document.booked_on)}


def _own(fields: Fields, names: Iterable[str]) -> dict[str, Any]:
    return {name: fields[name] for name in names if name in fields}
