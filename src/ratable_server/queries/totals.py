"""What contracts have come to: revenue, posted and drafted; what was billed, paid and credited; what is deferred.

Revenue is that of every month, also planned ones of subscriptions; recognized and owed back is what is booked by a day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Sum

from ratable.money import to_major
from ratable_server.actor import Actor
from ratable_server.queries.computed import computed_of_page
from ratable_server.queries.contract_lines import SubscriptionsAsked, subscriptions
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.register import default_accounts
from ratable_server.store import models
from ratable_server.store.load.documents import standing_voids
from ratable_server.store.scope import books_of, rows_of

DEDUCTS = "deduct_credit_memos_from_invoiced_amount"  # what the default accounts say of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Of one contract, in its currency: `deferred` is billed less recognized, never below zero; `unbilled` the reverse.

    What is owed back is no revenue, and not deferred any more.

    With `deducts_credit_memos` what was credited counts as not billed where it is told what is deferred. `mrr` is what the subscriptions of the day bring in a month.
    """

    contract: str
    currency: str
    revenue: Decimal
    recognized: Decimal
    owed_back: Decimal
    billed: Decimal
    paid: Decimal
    credited: Decimal
    mrr: Decimal
    deducts_credit_memos: bool = False

    @property
    def deferred(self) -> Decimal:
        """Billed, not yet recognized and not owed back."""
        billed = self.billed - self.credited if self.deducts_credit_memos else self.billed
        return max(billed - self.owed_back - self.recognized, Decimal(0))

    @property
    def unbilled(self) -> Decimal:
        """Recognized and not yet billed."""
        return max(self.recognized + self.owed_back - self.billed, Decimal(0))

    @property
    def outstanding(self) -> Decimal:
        """Billed, neither paid nor credited."""
        return self.billed - self.paid - self.credited


def contract_totals(*, actor: Actor, contracts: Sequence[str], on: date) -> dict[str, Totals]:
    """The totals of contracts on a day, by their codes; in a few statements however many there are."""
    if not contracts:
        return {}
    found = computed_of_page(actor, contracts=contracts, on=on)
    revenue = _sums(found.revenue)
    recognized, owed_back = (_sums(_through(rows, on)) for rows in (found.revenue, found.owed_back))
    with books_of(actor):
        rows = rows_of(actor, models.Contract, with_deleted=True).filter(code__in=contracts)
        currencies = dict(rows.values_list("code", "currency"))
        filed = _filed(actor, contracts)
    monthly = _monthly(actor, contracts, on)
    deducts = bool(default_accounts(actor=actor).get(DEDUCTS))
    return {
        code: Totals(
            contract=code,
            currency=currency,
            revenue=to_major(revenue.get(code, 0), currency),
            recognized=to_major(recognized.get(code, 0), currency),
            owed_back=to_major(owed_back.get(code, 0), currency),
            billed=to_major(filed[code, "invoice"], currency),
            paid=to_major(filed[code, "payment"], currency),
            credited=to_major(filed[code, "credit_memo"], currency),
            mrr=monthly.get(code, Decimal(0)),
            deducts_credit_memos=deducts,
        )
        for code, currency in currencies.items()
    }


def _through(rows: pa.Table, on: date) -> pa.Table:
    return rows.filter(pc.less_equal(rows["on"], pa.scalar(on, pa.date32())))


def _sums(rows: pa.Table) -> dict[str, int]:
    sums = rows.group_by("contract_id").aggregate([("amount_minor", "sum")]).to_pylist()
    return {row["contract_id"]: row["amount_minor_sum"] for row in sums}


def _filed(actor: Actor, contracts: Sequence[str]) -> dict[tuple[str, str], int]:
    voids = standing_voids(actor).values("document_id")
    rows = rows_of(actor, models.Document).filter(contract__code__in=contracts).exclude(id__in=voids)
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for code, kind, minor in rows.values_list("contract__code", "kind").annotate(sum=Sum("amount_minor")):
        sums[code, kind] = int(minor)
    return sums


def _monthly(actor: Actor, contracts: Sequence[str], on: date) -> dict[str, Decimal]:
    """What subscriptions that are there on the day bring in a month, less those of products that are not to count."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in subscriptions(
        actor=actor, asked=SubscriptionsAsked(limit=EVERYTHING.limit, contracts=contracts, on=on)
    ).rows:
        if not row.is_out_of_mrr:
            found[row.contract] += row.mrr
    return found
