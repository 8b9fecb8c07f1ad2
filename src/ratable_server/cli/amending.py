"""The commands for what comes after signing: `ratable adjust`, `top-up`, `expect-breakage`, `allocate`, `terminate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ratable_server.cli.answering import Json, told
from ratable_server.cli.arguments import day_of_text, day_or_today, month_of_text, number_of_text
from ratable_server.cli.filing import answer_filed
from ratable_server.cli.starting import DEFAULT_TENANT, Tenant, open_books

if TYPE_CHECKING:
    from ratable.terms import BundleLine

Commit = Annotated[str, typer.Argument(metavar="COMMIT", help="The prepaid commit, by its id.")]
Contract = Annotated[str, typer.Argument(metavar="CONTRACT", help="The contract, by its id.")]
Item = Annotated[str, typer.Argument(metavar="ITEM", help="The usage item of a bundle, by its id.")]
Month = Annotated[str, typer.Argument(metavar="MONTH", help="The closed month that is corrected: 2026-03.")]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="List value in the contract's currency: 250.00.")]
More = Annotated[str, typer.Argument(metavar="AMOUNT", help="In the contract's currency: 1250.00.")]
Units = Annotated[bool, typer.Option("--units", help="The amount is units, for a pool of units.")]
Percentage = Annotated[str, typer.Argument(metavar="PERCENTAGE", help="Of what is prepaid: 12.5.")]
LastDay = Annotated[str, typer.Argument(metavar="DAY", help="The last day of service: 2026-03-31.")]
Lines = Annotated[
    list[str], typer.Argument(metavar="PRODUCT=SHARE...", help="api=70% support=30%, or standalone prices: api=80.")
]
On = Annotated[str | None, typer.Option("--on", metavar="DAY", help="Its day; today, UTC, by default.")]
Code = Annotated[str | None, typer.Option("--id", help="Its number; filed under the same number again it is refused.")]
Refund = Annotated[str, typer.Option("--refund", metavar="AMOUNT", help="What is paid back of what was prepaid.")]
Below = {"ignore_unknown_options": True}  # so that -50.00 is an amount and not an option


def join(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command(context_settings=Below)(told(adjust))
    app.command("top-up")(told(top_up))
    app.command("expect-breakage")(told(expect_breakage))
    app.command()(told(allocate))
    app.command()(told(terminate))


def adjust(
    commit: Commit,
    month: Month,
    amount: Amount,
    *,
    on: On = None,
    code: Code = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Correct what a closed month has drawn of a prepaid commit; below zero it gives back. Booked in an open month."""
    period, value, day = month_of_text(month), number_of_text(amount), day_or_today(on)
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.amendments import ConsumptionAdjustment, adjust_consumption

    adjustment = ConsumptionAdjustment(prepaid_commit=commit, period=period, amount=value, code=code)
    filed = adjust_consumption(actor=actor, adjustment=adjustment, on=day, at=now_at())
    answer_filed("adjustment", filed, as_json=as_json)


def top_up(
    commit: Commit,
    amount: More,
    *,
    units: Units = False,
    on: On = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Give a prepaid commit more value: it counts for the whole month that books it."""
    value, day = number_of_text(amount), day_or_today(on)
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.prepaid_commits import top_up_prepaid_commit

    filed = top_up_prepaid_commit(actor=actor, commit=commit, amount=value, is_of_units=units, on=day, at=now_at())
    answer_filed("top-up of", filed, as_json=as_json)


def expect_breakage(
    commit: Commit, percentage: Percentage, *, on: On = None, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False
) -> None:
    """Expect another part of a prepaid commit to lapse, from the month that books it on."""
    value, day = number_of_text(percentage), day_or_today(on)
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.prepaid_commits import estimate_breakage

    filed = estimate_breakage(actor=actor, commit=commit, percentage=value, on=day, at=now_at())
    answer_filed("estimate of", filed, as_json=as_json)


def allocate(
    item: Item, lines: Lines, *, on: On = None, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False
) -> None:
    """Split a usage item of a bundle by other shares, for all its months; what differs is booked in an open one."""
    shares, day = tuple(_line(line) for line in lines), day_or_today(on)
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.allocations import change_allocation

    filed = change_allocation(actor=actor, item=item, lines=shares, on=day, at=now_at())
    answer_filed("allocation of", filed, as_json=as_json)


def terminate(
    contract: Contract,
    day: LastDay,
    *,
    refund: Refund = "0",
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """End a contract with its last day of service. Usage after that day is rejected by the next draft, which shows it."""
    last_on, value = day_of_text(day), number_of_text(refund)
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.amendments import ContractTermination, terminate_contract

    ended = ContractTermination(contract=contract, on=last_on, refund=value)
    filed = terminate_contract(actor=actor, termination=ended, at=now_at())
    answer_filed("termination of", filed, as_json=as_json)


def _line(text: str) -> BundleLine:
    """`api=70%` is a percentage, `api=80` a standalone price."""
    from ratable.terms import BundleLine

    product, equals, share = text.partition("=")
    if not equals or not product:
        raise typer.BadParameter(f"{text!r} is not a product and its share, such as api=70% or api=80")
    if share.endswith("%"):
        return BundleLine(product_id=product, percentage=number_of_text(share.removesuffix("%")))
    return BundleLine(product_id=product, standalone_price=number_of_text(share))
