"""Each act of a case as the operation that a user would call."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, time

from ratable.cases import records
from ratable_server.actor import Actor
from ratable_server.operations.allocations import change_allocation
from ratable_server.operations.amendments import (
    ConsumptionAdjustment,
    ContractTermination,
    adjust_consumption,
    terminate_contract,
)
from ratable_server.operations.documents import (
    CreditMemo,
    Invoice,
    Payment,
    file_credit_memo,
    file_invoice,
    file_payment,
)
from ratable_server.operations.periods import close_period, reopen_period
from ratable_server.operations.prepaid_commits import estimate_breakage, top_up_prepaid_commit
from ratable_server.operations.told import Filed
from ratable_server.operations.usage import Receipt, Upload, ingest_usage, record_usage, void_usage

Record = dict[str, object]
_NOON = time(12, tzinfo=UTC)


def moment_of(on: date) -> datetime:
    """When the books learn what a case tells of a day."""
    return datetime.combine(on, _NOON)


def tell_entry(actor: Actor, entry: records.Entry) -> object:
    """Do what an entry says; give what the operation answers: of usage a receipt, of documents how they are filed.

    Refuses:
        whatever the operation refuses
    """
    on, at = entry.on, moment_of(entry.on)
    match entry.act:
        case records.Usage() | records.PrepaidUsage() | records.UsageFile() | records.VoidUsage():
            return _tell_usage(actor, entry)
        case records.Invoice() | records.Payment() | records.CreditMemo() as act:
            return _file(actor, act, on=on, at=at)
        case records.Close(period=period):
            return close_period(actor=actor, month_on=period, at=at)
        case records.Reopen(period=period):
            return reopen_period(actor=actor, month_on=period, reason="the case says so", at=at)
        case _:
            return _amend(actor, entry)


def _tell_usage(actor: Actor, entry: records.Entry) -> Receipt | None:
    at = moment_of(entry.on)
    match entry.act:
        case records.UsageFile(path=path, item=item):
            return ingest_usage(actor=actor, upload=Upload(source=path, item=item, is_partial=True), at=at)
        case records.Usage() as act:
            return record_usage(actor=actor, records=[_record_of_usage(act, entry.number)], is_partial=True, at=at)
        case records.PrepaidUsage() as act:
            record = _record_of_prepaid_usage(act, entry.number)
            return record_usage(actor=actor, records=[record], is_partial=True, at=at)
        case records.VoidUsage(id=event_id):
            void_usage(actor=actor, event_id=event_id, at=at)
    return None


def _record_of_usage(act: records.Usage, number: int) -> Record:
    told = {name: getattr(act, name) for name in ("item", "used_on", "used_at", "quantity", "amount", "currency")}
    return _told(told, id=act.id or str(number), **dict(act.dimensions))


def _record_of_prepaid_usage(act: records.PrepaidUsage, number: int) -> Record:
    names = ("prepaid_commit", "contract", "used_on", "used_at", "amount", "currency")
    told = {name: getattr(act, name) for name in names}
    return _told(told, id=act.id or str(number), events=str(act.events) if act.events else None)


def _told(told: Record, **further: str | None) -> Record:
    return {name: value for name, value in {**told, **further}.items() if value is not None}


def _file(
    actor: Actor, act: records.Invoice | records.Payment | records.CreditMemo, *, on: date, at: datetime
) -> Filed:
    match act:
        case records.Invoice():
            return file_invoice(actor=actor, invoice=Invoice(**asdict(act)), on=on, at=at)
        case records.Payment():
            return file_payment(actor=actor, payment=Payment(**asdict(act)), on=on, at=at)
        case records.CreditMemo():
            return file_credit_memo(actor=actor, memo=CreditMemo(**asdict(act)), on=on, at=at)


def _amend(actor: Actor, entry: records.Entry) -> Filed:
    on, at = entry.on, moment_of(entry.on)
    match entry.act:
        case records.Adjustment(prepaid_commit=commit, period=period, amount=amount, id=code):
            adjustment = ConsumptionAdjustment(prepaid_commit=commit, period=period, amount=amount, code=code)
            return adjust_consumption(actor=actor, adjustment=adjustment, on=on, at=at)
        case records.Allocate(item=item, lines=lines):
            return change_allocation(actor=actor, item=item, lines=lines, on=on, at=at)
        case records.TopUp(prepaid_commit=commit, amount=amount, is_of_units=of_units):
            return top_up_prepaid_commit(actor=actor, commit=commit, amount=amount, is_of_units=of_units, on=on, at=at)
        case records.Estimate(prepaid_commit=commit, expected_breakage_percentage=percentage):
            return estimate_breakage(actor=actor, commit=commit, percentage=percentage, on=on, at=at)
        case records.Terminate(contract=contract, on=last_on, refund=refund):
            termination = ContractTermination(contract=contract, on=last_on, refund=refund)
            return terminate_contract(actor=actor, termination=termination, at=at)
        case act:
            raise TypeError(act)
