"""Customers as vendors: several at once, and the people to write to at one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.catalog_rows import AT_ONCE
from ratable_server.operations.kept import Further
from ratable_server.operations.register_links import things_in
from ratable_server.operations.soundness import refuse_unfit_further, refuse_unfit_text
from ratable_server.operations.writing import changes_by
from ratable_server.store.audit import Change, record_change
from ratable_server.store.models import Customer
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """Somebody who buys, with what else was told of them."""

    code: str
    name: str
    further: Further


@retried
def add_customers(*, actor: Actor, named: Sequence[NewCustomer], at: datetime) -> None:
    """Add customers, all of them or none.

    Refuses:
        code_must_be_unused, text_must_be_plain, further_must_be_small, number_must_be_exact
    """
    for each in named:
        refuse_unfit_text("code", each.code)
        refuse_unfit_text("name", each.name)
        refuse_unfit_further(each.further)
    with changes_by(actor, names=things_in(*(each.further for each in named))):
        rows = [
            Customer(tenant_id=actor.tenant_id, code=each.code, name=each.name, further=dict(each.further),
                     created_at=at, modified_at=at)
            for each in named
        ]  # fmt: skip
        rows_of(actor, Customer).bulk_create(rows, batch_size=AT_ONCE)
        for each in named:
            after = {"name": each.name, "further": dict(each.further)}
            record_change(actor, Change("create_customer", "customer", each.code, after=after), at=at)


@retried
def add_contact(*, actor: Actor, customer: str, contact: Mapping[str, Any], at: datetime) -> int:
    """Add somebody to write to; give their place in the list, counted from 1.

    Refuses:
        code_must_be_known, further_must_be_small, text_must_be_plain
    """
    with changes_by(actor):
        row = rows_of(actor, Customer).select_for_update(no_key=True).filter(code=customer).first()
        if row is None:
            raise Refused("code_must_be_known", field="customer", detail=customer)
        contacts = [*(row.further.get("contacts") or ()), dict(contact)]
        further = {**row.further, "contacts": contacts}
        refuse_unfit_further(further)
        row.further, row.modified_at = further, at
        row.save()
        after = {"contact": dict(contact)}
        record_change(actor, Change("add_contact", "customer", customer, after=after), at=at)
    return len(contacts)
