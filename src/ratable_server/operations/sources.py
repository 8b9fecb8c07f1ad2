"""Subscriptions and milestones as sources of revenue: what closed months have posted of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.changing import HeldLine
from ratable_server.operations.dependents import documents_on, posted_of

SourceKind = Literal["subscription", "milestone"]


def is_posted(actor: Actor, held: HeldLine, *, source_kind: SourceKind) -> bool:
    """Has a closed month posted some of it? Codes are unique within the contract only."""
    columns = {"contract_id": held.contract.id, "source_kind": source_kind, "source_id": held.was.id}
    return posted_of(actor, **columns).exists()


def refuse_posted(actor: Actor, held: HeldLine, *, source_kind: SourceKind) -> None:
    """Go on, unless a closed month has posted some of it.

    Refuses:
        period_must_be_open
    """
    if is_posted(actor, held, source_kind=source_kind):
        detail = f"a closed month has posted some of {held.was.id}"
        raise Refused("period_must_be_open", field=source_kind, detail=detail)


def source_depends(actor: Actor, source_kind: SourceKind) -> Callable[[HeldLine], bool]:
    """Does anything depend on a source: posted revenue, documents, a balance of the cut-over?"""

    def depends(held: HeldLine) -> bool:
        has_documents = documents_on(actor, column=f"{source_kind}_id", row_id=held.row.id)
        return has_documents or is_posted(actor, held, source_kind=source_kind)

    return depends
