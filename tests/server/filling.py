"""Books filled from a written case: its terms and acts as rows, its closes and reopenings as operations.

What an act appends is written as the operations of its kind write it; the judgement of acts is not told again here.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import count
from typing import Any

from ratable.cases import records
from ratable.cases.records import Case, Entry
from ratable.facts.booking import Booking, book
from ratable.money import to_minor
from ratable.periods import month_of
from ratable.terms import Policy
from ratable.terms_tables import addressed_stream, unaddressed_stream
from ratable_server.actor import Actor
from ratable_server.operations.catalog_rows import insert_bundles, insert_products
from ratable_server.operations.contract_rows import insert_contracts, sold
from ratable_server.operations.customers import customer_ids, insert_customers
from ratable_server.operations.periods import close_period, reopen_period
from ratable_server.store import models
from ratable_server.store.load.periods import first_open_month
from ratable_server.store.numbers import next_fact_number
from ratable_server.store.partitions import prepare_months
from ratable_server.store.scope import books_of, rows_of

_numbers = count(1)


def at_noon(on: date) -> datetime:
    """The moment at which the books learn what they learn on a day."""
    return datetime.combine(on, time(12), tzinfo=UTC)


def fill(actor: Actor, case: Case) -> None:
    """Everything that the case tells, in its order."""
    sign(actor, case)
    for entry in case.entries:
        take(actor, case, entry)


def sign(actor: Actor, case: Case) -> None:
    """The terms of the case."""
    terms = case.terms
    with books_of(actor):
        insert_products(actor, terms.products)
        products = dict(rows_of(actor, models.Product).values_list("code", "id"))
        insert_bundles(actor, terms.product_bundles, products=products, names={})
        insert_customers(actor, [contract.customer for contract in terms.contracts])
        insert_contracts(actor, terms.contracts, customers=customer_ids(actor), catalog=sold(actor), names={})
        if terms.policy != Policy():
            fact = _fact(actor, next_fact_number(actor), date(2026, 1, 1))
            models.PolicyVersion(**fact, **asdict(terms.policy)).save(force_insert=True)


def take(actor: Actor, case: Case, entry: Entry) -> None:
    """One act, on its day."""
    match entry.act:
        case records.Close(period=month_on):
            close_period(actor=actor, month_on=month_on, at=at_noon(entry.on))
        case records.Reopen(period=month_on):
            reopen_period(actor=actor, month_on=month_on, reason="as the case says", at=at_noon(entry.on))
        case records.Usage() | records.PrepaidUsage() as act:
            use(actor, act, entry.on)
        case act:
            with books_of(actor):
                _file(actor, act, _booking(actor, entry.on), recorded_on=entry.on)


def use(actor: Actor, act: records.Usage | records.PrepaidUsage, on: date) -> None:
    """One record of usage, with a receipt of its own."""
    used_on = date.fromisoformat(act.used_on or "")
    prepare_months([month_of(used_on)])
    with books_of(actor):
        open_on = first_open_month(actor) or month_of(used_on)
        number = next_fact_number(actor)
        quantity = None if isinstance(act, records.PrepaidUsage) or act.quantity is None else Decimal(act.quantity)
        amount = None if act.amount is None else Decimal(act.amount)
        receipt = _receipt(actor, number, on, total=quantity if amount is None else amount)
        record = models.UsageRecord(
            tenant_id=actor.tenant_id,
            event_id=act.id or f"usage-{number}",
            stream=_stream(act),
            used_on=used_on,
            month_on=month_of(used_on),
            quantity=quantity,
            amount=amount,
            usage_import=receipt,
            row=1,
            number=number,
            open_on=open_on,
        )
        record.save(force_insert=True)
        key = {"event_id": record.event_id, "content_hash": b"hash", "record_id": record.id}
        models.UsageKey(tenant_id=actor.tenant_id, month_on=record.month_on, **key).save(force_insert=True)


def void(actor: Actor, event_id: str, on: date) -> None:
    """Take a record of usage back."""
    with books_of(actor):
        record = rows_of(actor, models.UsageRecord).get(event_id=event_id)
        fact = _fact(actor, next_fact_number(actor), on)
        models.UsageVoid(**fact, event_id=event_id, month_on=record.month_on, record_id=record.id).save(
            force_insert=True
        )


def _stream(act: records.Usage | records.PrepaidUsage) -> str:
    if isinstance(act, records.Usage):
        return act.item
    return addressed_stream(act.prepaid_commit) if act.prepaid_commit else unaddressed_stream(act.contract or "")


def _receipt(actor: Actor, number: int, on: date, *, total: Decimal | None) -> models.UsageImport:
    receipt = models.UsageImport(
        **_fact(actor, number, on),
        code=f"import-{next(_numbers)}",
        status="completed",
        rows_received=1,
        rows_accepted=1,
        quantity_received=total,
        quantity_accepted=total,
    )
    receipt.save(force_insert=True)
    return receipt


def _booking(actor: Actor, on: date) -> Booking:
    return book(on, open_on=first_open_month(actor) or month_of(on), number=next_fact_number(actor))


def _file(actor: Actor, act: Any, booking: Booking, *, recorded_on: date) -> None:
    fact = {**_fact(actor, booking.number, recorded_on), "booked_on": booking.booked_on}
    match act:
        case records.Invoice() | records.Payment() | records.CreditMemo():
            row: Any = models.Document(**fact, on=booking.on, **_document(actor, act, booking.number))
        case records.Adjustment():
            commit = rows_of(actor, models.PrepaidCommit).select_related("contract").get(code=act.prepaid_commit)
            amount_minor = to_minor(act.amount, commit.contract.currency)
            days = {"service_on": act.period, "used_on": act.period, "on": booking.on}
            code = act.id or str(booking.number)
            row = models.Adjustment(**fact, **days, code=code, commit=commit, amount_minor=amount_minor)
        case records.TopUp():
            commit = rows_of(actor, models.PrepaidCommit).select_related("contract").get(code=act.prepaid_commit)
            row = models.TopUp(**fact, commit=commit, amount_minor=to_minor(act.amount, commit.contract.currency))
        case records.Terminate():
            contract = rows_of(actor, models.Contract).get(code=act.contract)
            ended = {"on": act.on, "released_on": booking.on}
            row = models.Termination(
                **fact, **ended, contract=contract, refund_minor=to_minor(act.refund, contract.currency)
            )
        case _:
            raise TypeError(act)
    row.save(force_insert=True)


def _document(actor: Actor, act: Any, number: int) -> dict[str, Any]:
    contract = rows_of(actor, models.Contract).get(code=act.contract)
    commit = getattr(act, "prepaid_commit", None)
    kinds = {records.Invoice: "invoice", records.Payment: "payment", records.CreditMemo: "credit_memo"}
    return {
        "code": f"document-{number}",
        "kind": kinds[type(act)],
        "contract": contract,
        "amount_minor": to_minor(act.amount, contract.currency),
        "prepaid_commit": rows_of(actor, models.PrepaidCommit).get(code=commit) if commit else None,
        "against": getattr(act, "against", ""),
        "service_on": act.period if isinstance(act, records.CreditMemo) else None,
    }


def _fact(actor: Actor, number: int, on: date) -> dict[str, Any]:
    return {
        "tenant_id": actor.tenant_id,
        "number": number,
        "recorded_at": at_noon(on),
        "recorded_by": actor.name,
        "request_id": actor.request_id,
    }
