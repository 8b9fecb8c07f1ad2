"""Turns: what can only be booked when all before it is.

An invoice without a target clears what is unbilled at that moment, its void gives each source back
what was cleared, an adjustment credits the receivable for what had been invoiced of its month, an
expired commit's rest is owed back as far as it was billed, a termination releases what is left,
and what comes back to a pool later lapses as far as it is liability.
Each contract takes its turns in order, all contracts their n-th turn at once.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable import tables
from ratable.ledger.entries import DOCUMENTS, REFUND, REVENUE, given_back_id
from ratable.money import split_exact

_SOURCE = ["contract_id", "source_kind", "source_id"]
_HEAD = ["entry_id", "contract_id", "service_on", "booked_on", "on", "place", "number"]
_OVERAGE, _GIVEN_BACK = "overage", "adjustment"


def queue(waiting: ir.Table, moves: ir.Table, owed: ir.Table, given: ir.Table) -> ir.Table:
    """Every turn of every contract, numbered from 0; adjustments of overage, refunds and what came back take one too."""
    settled = moves.filter((moves.kind == _OVERAGE) & (moves.account == "accounts_receivable"))
    back = taken_back(moves).anti_join(settled, "entry_id")
    credits = back.group_by([*_HEAD, "kind"]).agg(amount_minor=back.back_minor.sum().cast("int64"))
    done = moves.filter((moves.kind == REFUND) & (moves.account == "refund_liability"))
    refunds = owed.anti_join(done, "entry_id").select(*_HEAD, "kind", amount_minor=-owed.debit_minor)
    back_again = given.select(*_HEAD, "kind", amount_minor=-given.debit_minor)
    rows = waiting
    for each in (credits, refunds, back_again):
        rows = rows.union(each.mutate(voided_number=ibis.literal(0, "int64")).select(rows.columns))
    order = ibis.window(group_by="contract_id", order_by=["on", "place", "number", "entry_id"])
    return rows.mutate(turn_no=ibis.row_number().over(order))


def taken_back(moves: ir.Table) -> ir.Table:
    """What adjustments take back of the overage of each commit."""
    rows = moves.filter(moves.is_adjusted & (moves.kind == _OVERAGE) & (moves.account == "revenue"))
    rows = rows.group_by([*_HEAD, "kind", "commit_id"]).agg(back_minor=rows.debit_minor.sum().cast("int64"))
    return rows.filter(rows.back_minor > 0)


def _before(moves: ir.Table, queue: ir.Table, turn: ir.Table) -> ir.Table:
    """Moves that come before the turn of their contract, with the turn's own columns."""
    now = queue.inner_join(turn, "turn_no").select(
        "contract_id",
        turn_id="entry_id",
        turn_kind="kind",
        turn_service_on="service_on",
        turn_on="on",
        turn_place="place",
        turn_number="number",
        turn_minor="amount_minor",
    )
    rows = moves.inner_join(now, "contract_id")
    earlier = ibis.cases(
        (rows.on != rows.turn_on, rows.on < rows.turn_on),
        (rows.place != rows.turn_place, rows.place < rows.turn_place),
        (rows.number != rows.turn_number, rows.number < rows.turn_number),
        else_=rows.entry_id < rows.turn_id,
    )
    return rows.filter(earlier)


def open_lots(moves: ir.Table, queue: ir.Table, turn: ir.Table) -> ir.Table:
    """Revenue not yet invoiced before the turn: the latest bookings of a source that make up its unbilled balance.

    What no booking explains (brought in at cut-over, or credited before it was billed) is older than all.
    """
    rows = _before(moves, queue, turn)
    entry = [*_SOURCE, "entry_id", "kind", "service_on", "on", "place", "number", "product_id", "item_id", "commit_id"]
    now = ["turn_id", "turn_kind", "turn_service_on", "turn_minor"]
    rows = rows.group_by([*entry, *now]).agg(moved_minor=rows.debit_minor.sum().cast("int64"))
    source = ibis.window(group_by=_SOURCE)
    unbilled = ibis.greatest(-rows.moved_minor.sum().over(source).cast("int64"), 0)
    rows = rows.mutate(unbilled_minor=unbilled)
    sources = rows.group_by([*_SOURCE, *now]).agg(unbilled_minor=rows.unbilled_minor.max())
    rows = rows.filter((rows.place >= REVENUE) & (rows.moved_minor < 0))
    rows = rows.mutate(size_minor=-rows.moved_minor)
    order = ["on", "place", "number", "entry_id", "commit_id", "item_id", "product_id"]
    latest = ibis.window(group_by=_SOURCE, order_by=[rows[name].desc() for name in order], rows=(None, 0))
    rows = rows.mutate(reached=rows.size_minor.sum().over(latest).cast("int64"))
    left = rows.unbilled_minor - (rows.reached - rows.size_minor)
    rows = rows.mutate(open_minor=ibis.greatest(ibis.least(left, rows.size_minor), 0))
    lots = rows.filter(rows.open_minor > 0)
    explained = lots.group_by(_SOURCE).agg(explained_minor=lots.open_minor.sum().cast("int64"))
    older = sources.left_join(explained, _SOURCE).drop(*(f"{key}_right" for key in _SOURCE))
    older = older.mutate(
        entry_id=ibis.literal(""),
        kind=ibis.literal("opening"),
        service_on=ibis.date("0001-01-01"),
        on=ibis.date("0001-01-01"),
        open_minor=older.unbilled_minor - older.explained_minor.fill_null(0),
    )
    older = older.mutate(commit_id=ibis.literal(""))
    columns = [*_SOURCE, "entry_id", "kind", "commit_id", "service_on", "on", *now, "open_minor"]
    return lots.select(columns).union(older.filter(older.open_minor > 0).select(columns))


def invoiced(lots: ir.Table, queue: ir.Table, turn: ir.Table) -> ir.Table:
    """An invoice without a target: oldest lots first, the rest is liability of the contract's usage."""
    invoices = queue.inner_join(turn, "turn_no")
    invoices = invoices.filter(invoices.kind == "invoice")
    rank = ibis.cases(
        (lots.source_kind == "prepaid_commit", 0),
        (lots.source_kind == "subscription", 1),
        (lots.source_kind == "milestone", 2),
        else_=3,
    )
    rows = lots.filter(lots.turn_kind == "invoice").mutate(source_order=rank)
    order = ["on", "source_order", "source_id", "entry_id"]
    oldest = ibis.window(group_by="contract_id", order_by=order, rows=(None, 0))
    rows = rows.mutate(reached=rows.open_minor.sum().over(oldest).cast("int64"))
    left = rows.turn_minor - (rows.reached - rows.open_minor)
    rows = rows.mutate(taken_minor=ibis.greatest(ibis.least(left, rows.open_minor), 0))
    cleared = rows.group_by([*_SOURCE, "turn_id"]).agg(taken_minor=rows.taken_minor.sum().cast("int64"))
    cleared = cleared.filter(cleared.taken_minor > 0)
    by_invoice = cleared.group_by("turn_id").agg(cleared_minor=cleared.taken_minor.sum().cast("int64"))
    over = invoices.left_join(by_invoice, invoices.entry_id == by_invoice.turn_id)
    over = over.select(
        "contract_id",
        source_kind=ibis.literal("usage"),
        source_id="contract_id",
        turn_id="entry_id",
        taken_minor=over.amount_minor - over.cleared_minor.fill_null(0),
    )
    every = cleared.select(over.columns).union(over)
    every = every.group_by([*_SOURCE, "turn_id"]).agg(taken_minor=every.taken_minor.sum().cast("int64"))
    every = every.filter(every.taken_minor > 0)
    head = invoices.select("service_on", "booked_on", "on", "place", "number", invoice_id="entry_id")
    rows = every.inner_join(head, every.turn_id == head.invoice_id)
    return _moves(
        rows,
        entry_id=rows.turn_id + "/" + rows.source_kind + "/" + rows.source_id,
        kind=ibis.literal("invoice"),
        account=ibis.literal("accounts_receivable"),
        debit_minor=rows.taken_minor,
    )


def voided(moves: ir.Table, queue: ir.Table, turn: ir.Table) -> ir.Table:
    """The void of an invoice without a target: what its turn booked is swapped, source by source.

    What a close posts of the same void once the month of the invoice has posted it (`facts.documents.voided`).
    """
    now = queue.inner_join(turn, "turn_no").filter(lambda rows: rows.kind == "void")
    head = now.select("contract_id", "booked_on", "on", "place", "number", "voided_number")
    of = moves.filter((moves.place == DOCUMENTS) & (moves.kind == "invoice"))
    of = of.rename({"voided_number": "number"}).drop("booked_on", "on", "place")
    rows = of.inner_join(head, ["contract_id", "voided_number"])
    return (
        rows.mutate(entry_id=rows.entry_id + "/void/" + rows.number.cast("string"), debit_minor=-rows.debit_minor)
        .select(list(tables.MOVES.names))
        .cast(tables.MOVES)
    )


def credited(moves: ir.Table, lots: ir.Table, queue: ir.Table, turn: ir.Table) -> ir.Table:
    """An adjustment of overage: what had been invoiced of a commit's overage of the month is credited to the receivable."""
    now = queue.inner_join(turn, "turn_no").filter(lambda rows: rows.kind == _OVERAGE)
    rows = taken_back(moves).semi_join(now, "entry_id")
    of = ["entry_id", "commit_id"]
    earlier = _before(moves, queue, turn)
    earlier = earlier.filter((earlier.kind == _OVERAGE) & (earlier.account == "revenue"))
    earlier = earlier.filter(earlier.service_on == earlier.turn_service_on)
    earlier = earlier.drop("entry_id").rename({"entry_id": "turn_id"})
    earned = earlier.group_by(of).agg(earned_minor=(-earlier.debit_minor).sum().cast("int64"))
    month = lots.filter((lots.kind == _OVERAGE) & (lots.service_on == lots.turn_service_on))
    month = month.drop("entry_id").rename({"entry_id": "turn_id"})
    unbilled = month.group_by(of).agg(open_minor=month.open_minor.sum().cast("int64"))
    rows = rows.inner_join(earned, of).left_join(unbilled, of).drop("entry_id_right", "commit_id_right")
    was_invoiced = ibis.greatest(rows.earned_minor - rows.open_minor.fill_null(0), 0)
    rows = rows.mutate(credit_minor=ibis.least(rows.back_minor, was_invoiced))
    rows = rows.group_by([*_HEAD, "kind"]).agg(credit_minor=rows.credit_minor.sum().cast("int64"))
    return _moves(
        rows.filter(rows.credit_minor > 0),
        source_kind=ibis.literal("usage"),
        source_id=rows.contract_id,
        account=ibis.literal("accounts_receivable"),
        is_adjusted=ibis.literal(value=True),
        debit_minor=lambda given: -given.credit_minor,
    )


def released(moves: ir.Table, queue: ir.Table, turn: ir.Table, sources: ir.Table) -> ir.Table:
    """A termination: each source's liability leaves, the refund first, the rest as breakage of the source's product."""
    rows = _before(moves, queue, turn)
    rows = rows.filter(rows.turn_kind == "termination")
    held = rows.group_by([*_SOURCE, "turn_id", "turn_minor"]).agg(held_minor=rows.debit_minor.sum().cast("int64"))
    held = held.filter(held.held_minor > 0)
    whole = held.held_minor.sum().over(ibis.window(group_by="turn_id")).cast("int64")
    held = held.mutate(turn_minor=ibis.least(held.turn_minor, whole))  # usage learned since may have claimed the rest
    held = split_exact(
        held,
        "refund_minor",
        total="turn_minor",
        weight="held_minor",
        within=["turn_id"],
        ties=["source_kind", "source_id"],
    )
    head = queue.select("service_on", "booked_on", "on", "place", "number", termination_id="entry_id")
    rows = held.inner_join(head, held.turn_id == head.termination_id)
    rows = rows.left_join(sources.rename({"released_of": "product_id"}), _SOURCE).drop(
        *(f"{key}_right" for key in _SOURCE)
    )
    entry_id = rows.turn_id + "/" + rows.source_kind + "/" + rows.source_id
    refund = _moves(
        rows,
        entry_id=entry_id,
        kind=ibis.literal("adjustment"),
        account=ibis.literal("refund_liability"),
        debit_minor=-rows.refund_minor,
    )
    rest = _moves(
        rows,
        entry_id=entry_id,
        kind=ibis.literal("adjustment"),
        account=ibis.literal("breakage_revenue"),
        debit_minor=rows.refund_minor - rows.held_minor,
        product_id=rows.released_of.fill_null(""),
    )
    return refund.union(rest)


def refunded(moves: ir.Table, owed: ir.Table, queue: ir.Table, turn: ir.Table) -> ir.Table:
    """What is left of a commit and was billed is owed back; what late usage claims of it is not, any more."""
    before = _before(moves, queue, turn)
    is_own = (before.account == "refund_liability") & (before.kind == REFUND)
    return _as_far_as_billed(owed, before, is_own, queue.filter(queue.kind == REFUND), turn)


def lapsed(moves: ir.Table, given: ir.Table, queue: ir.Table, turn: ir.Table) -> ir.Table:
    """What came back to a pool that a termination has ended is breakage at once; what is claimed of it again is not."""
    before = _before(moves, queue, turn)
    is_own = (before.account == "breakage_revenue") & (before.entry_id == given_back_id(before))
    return _as_far_as_billed(given, before, is_own, queue.filter(queue.kind == _GIVEN_BACK), turn)


def _as_far_as_billed(
    rows: ir.Table, before: ir.Table, is_own: ir.BooleanValue, queue: ir.Table, turn: ir.Table
) -> ir.Table:
    """No more than the source holds leaves its liability, and no more comes back than has left it in this way."""
    rows = rows.semi_join(queue.inner_join(turn, "turn_no"), "entry_id")
    own = rows.select("entry_id", *_SOURCE)
    before = before.mutate(left_minor=-ibis.ifelse(is_own, before.debit_minor, 0))
    before = before.inner_join(own, [before.turn_id == own.entry_id, *(before[key] == own[key] for key in _SOURCE)])
    before = before.group_by("turn_id").agg(
        held_minor=ibis.greatest(before.debit_minor.sum().cast("int64"), 0),
        left_minor=before.left_minor.sum().cast("int64"),
    )
    rows = rows.left_join(before, rows.entry_id == before.turn_id)
    least, most = -rows.left_minor.fill_null(0), rows.held_minor.fill_null(0)
    debit_minor = -ibis.greatest(ibis.least(-rows.debit_minor, most), least)
    return rows.mutate(debit_minor=debit_minor.cast("int64")).select(list(tables.MOVES.names)).cast(tables.MOVES)


def taken(
    invoiced: ir.Table,
    voided: ir.Table,
    credited: ir.Table,
    released: ir.Table,
    refunded: ir.Table,
    lapsed: ir.Table,
) -> ir.Table:
    """All moves of the turn."""
    rows = invoiced.union(voided).union(credited).union(released).union(refunded).union(lapsed)
    return rows.filter(rows.debit_minor != 0)


def _moves(rows: ir.Table, **columns: object) -> ir.Table:
    given = rows.mutate(**{"product_id": ibis.literal(""), "is_adjusted": ibis.literal(value=False), **columns})
    is_own = (given.source_kind == "prepaid_commit") & (given.account != "accounts_receivable")
    commit_id = ibis.ifelse(is_own, given.source_id, "")
    given = given.mutate(item_id=ibis.literal(""), commit_id=commit_id)
    return given.select(list(tables.MOVES.names)).cast(tables.MOVES)
