"""The commands that file documents: `ratable invoice`, `invoice-usage`, `payment`, `credit-memo`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ratable_server.cli.answering import Json, answer, told
from ratable_server.cli.arguments import day_or_today, month_of_text, number_of_text
from ratable_server.cli.starting import DEFAULT_TENANT, Tenant, open_books

if TYPE_CHECKING:
    from ratable_server.operations.told import Filed

Contract = Annotated[str, typer.Argument(metavar="CONTRACT", help="The contract, by its id.")]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="In the contract's currency, without tax: 1250.00.")]
On = Annotated[str | None, typer.Option("--on", metavar="DAY", help="Its day; today, UTC, by default.")]
Code = Annotated[str | None, typer.Option("--id", help="Its number; filed under the same number again it is refused.")]
OfCommit = Annotated[
    str | None, typer.Option("--prepaid-commit", metavar="ID", help="The prepaid commit that it is for.")
]
OfSubscription = Annotated[
    str | None, typer.Option("--subscription", metavar="ID", help="The subscription that it is for.")
]
OfMilestone = Annotated[str | None, typer.Option("--milestone", metavar="ID", help="The milestone that it is for.")]
Period = Annotated[str | None, typer.Option("--period", metavar="MONTH", help="The month whose revenue it takes back.")]


def join(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (invoice, invoice_usage, payment, credit_memo):
        app.command()(told(command))


def invoice(
    contract: Contract,
    amount: Amount,
    *,
    on: On = None,
    prepaid_commit: OfCommit = None,
    subscription: OfSubscription = None,
    milestone: OfMilestone = None,
    code: Code = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """File an invoice: of what it names, or of the oldest that is unbilled; one of a closed month is booked in the open one."""
    targets = {"prepaid_commit": prepaid_commit, "subscription": subscription, "milestone": milestone}
    if sum(target is not None for target in targets.values()) > 1:
        raise typer.BadParameter("an invoice is for one thing: a prepaid commit, a subscription or a milestone")
    value, day = number_of_text(amount), day_or_today(on)
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.documents import Invoice, file_invoice

    billed = Invoice(contract=contract, amount=value, code=code, **targets)  # type: ignore[arg-type]
    filed = file_invoice(actor=actor, invoice=billed, on=day, at=now_at())
    answer_filed("invoice", filed, as_json=as_json)


def invoice_usage(
    contract: Contract,
    amount: Amount,
    *,
    on: On = None,
    code: Code = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """File an invoice of usage alone, with its overage and true-ups, whatever else is unbilled."""
    value, day = number_of_text(amount), day_or_today(on)
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.documents import Invoice, file_invoice

    billed = Invoice(contract=contract, amount=value, code=code, is_of_usage=True)
    answer_filed("invoice", file_invoice(actor=actor, invoice=billed, on=day, at=now_at()), as_json=as_json)


def payment(
    contract: Contract,
    amount: Amount,
    *,
    on: On = None,
    code: Code = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """File a payment: cash for what was invoiced."""
    value, day = number_of_text(amount), day_or_today(on)
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.documents import Payment, file_payment

    filed = file_payment(actor=actor, payment=Payment(contract=contract, amount=value, code=code), on=day, at=now_at())
    answer_filed("payment", filed, as_json=as_json)


def credit_memo(
    contract: Contract,
    amount: Amount,
    *,
    on: On = None,
    period: Period = None,
    prepaid_commit: OfCommit = None,
    code: Code = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """File a credit memo: it takes revenue back, or what is left of a prepaid commit."""
    value, day = number_of_text(amount), day_or_today(on)
    month_on = None if period is None else month_of_text(period)
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.documents import CreditMemo, file_credit_memo

    memo = CreditMemo(
        contract=contract,
        amount=value,
        against="revenue" if prepaid_commit is None else "liability",
        prepaid_commit=prepaid_commit,
        period=month_on,
        code=code,
    )
    answer_filed("credit memo", file_credit_memo(actor=actor, memo=memo, on=day, at=now_at()), as_json=as_json)


def answer_filed(kind: str, filed: Filed, *, as_json: bool) -> None:
    """Say how a fact is filed."""
    line = f"{kind} {filed.code} of {filed.on} is filed, and booked in {filed.booked_on:%Y-%m}"
    answer(asdict(filed), [line], as_json=as_json)
