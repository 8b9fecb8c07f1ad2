"""1 Usage: records become metered quantities by item and month; bad ones become rejections.

Owns deduplication, the day and month of a record, and the codes of rejected records. It does not
price anything. Twenty million clean records are only ever grouped: a record is looked at one by
one when its id occurs again, when it was voided, or when its (item, month) shows something off.
"""

from __future__ import annotations

from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from ratable import tables
from ratable.backends import Sheet, Stored
from ratable.money import exact, hash64, json_text, local_day, scaled
from ratable.terms import LateUsage


class Metered(NamedTuple):
    """What `meter` gives."""

    by_month: Stored
    examined: Stored
    repeated: Stored
    is_clean: bool


def meter(
    sheet: Sheet,
    usage: Stored,
    voids: Stored,
    items: Stored,
    options: Stored | None = None,
    *,
    zone: str,
    late_usage: LateUsage,
) -> Metered:
    """Deduplicate usage, judge every record and sum the accepted ones by item and month.

    The day of a record is `used_on`, else the day of `used_at` in `zone`; a month is half-open. An
    amount wins over a quantity: a record that has both counts with its amount only.

    Shapes:
        usage        n records, any order
        voids        ids of records that no longer count
        options      a row per item with rating options, of which some want a price in each record; none: no item has any
        -> by_month  a row per (item_id, month_on) with accepted records
        -> examined  the records that were looked at one by one, each with its status and code
        -> repeated  hashes of ids that occur more than once or are voided
        -> is_clean  whether every record was taken as it came

    Units:
        quantity_e12, amount_e12  scaled by 10^12; nothing is rounded here

    Conserves:
        received = accepted + voided + duplicate + rejected, in rows and in quantity

    Rejects:
        every code of `errors.REJECTIONS`, the first that applies in that order

    Raises:
        NumberOverflowError: a month's quantity does not fit 38 digits.

    Source:
        ASC 606-10-55-18 (what was delivered in the period is what was used in it).

    Example:
        two records of 3 and 4 calls on one day and the first one again: one row of 7, one duplicate.
    """
    repeated = sheet.run(repeated_ids, usage, voids)
    unique = sheet.is_empty(repeated)  # then ids need not be read again, the widest column of a file
    tallied = sheet.run(tallied_usage, usage, repeated, zone=zone, unique=unique)
    carrying = [options] if options is not None else []
    suspects = sheet.run(suspect_groups, tallied, items, *carrying, late_usage=late_usage)
    anything = not (unique and sheet.is_empty(suspects))  # else spare the scan of a clean file
    if anything:
        known = (usage, repeated, suspects, voids, items, *carrying)
        examined = sheet.run(examined_usage, *known, zone=zone, late_usage=late_usage)
    else:
        examined = sheet.bind("examined_usage", tables.EXAMINED.to_pyarrow().empty_table(), tables.EXAMINED)
    by_month = sheet.run(metered, tallied, suspects, examined, anything=anything)
    return Metered(by_month, examined, repeated, is_clean=not anything)


def meter_days(sheet: Sheet, usage: Stored, metered: Metered, wanted: Stored, *, zone: str) -> Stored:
    """The accepted records of the wanted (item_id, month_on) summed by day."""
    inputs = (usage, metered.repeated, metered.examined, wanted)
    return sheet.run(metered_days, *inputs, zone=zone, is_clean=metered.is_clean)


def meter_records(sheet: Sheet, usage: Stored, metered: Metered, options: Stored, *, zone: str) -> Stored:
    """The accepted records with a quantity of the items that have rating options, one by one."""
    return sheet.run(counted_records, usage, metered.examined, options, zone=zone)


def meter_by_dimension(sheet: Sheet, usage: Stored, metered: Metered, *, zone: str, dimension: str) -> Stored:
    """The accepted records summed by item, month and the value of one dimension, for analysis: no price depends on it.

    Conserves: the sums over the values are those of `metered.by_month`.
    """
    inputs = (usage, metered.repeated, metered.examined)
    return sheet.run(metered_dimensions, *inputs, zone=zone, is_clean=metered.is_clean, dimension=dimension)


def repeated_ids(usage: ir.Table, voids: ir.Table) -> ir.Table:
    """Hashes of ids that may stand for more than one record, or for a voided one."""
    hashed = usage.select(usage_hash=hash64(usage.usage_id))
    counted = hashed.group_by("usage_hash").agg(records=hashed.count())
    often = counted.filter(counted.records > 1).select("usage_hash")
    return often.union(voids.select(usage_hash=hash64(voids.usage_id)), distinct=True)


def tallied_usage(usage: ir.Table, repeated: ir.Table, *, zone: str, unique: bool) -> ir.Table:
    """Sums and extremes by item and month, of the records whose id occurs once."""
    rows = _dated(usage, zone)
    if not unique:
        rows = rows.mutate(usage_hash=hash64(rows.usage_id)).anti_join(repeated, "usage_hash")
    return rows.group_by(["item_id", "month_on"]).agg(
        records=rows.count(),
        numbered=(rows.quantity.notnull() | rows.amount.notnull()).cast("int64").sum().cast("int64"),
        unpriced=rows.amount.isnull().cast("int64").sum().cast("int64"),
        unreadable=rows.unreadable.count(),
        least_quantity=rows.quantity.min(),
        least_amount=rows.amount.min(),
        first_on=rows.used_on.min(),
        last_on=rows.used_on.max(),
        first_currency=rows.currency.min(),
        last_currency=rows.currency.max(),
        open_on=rows.open_on.max(),
        quantity=ibis.ifelse(rows.amount.isnull(), rows.quantity, None).sum(),
        amount=rows.amount.sum(),
    )


def suspect_groups(
    tallied: ir.Table, items: ir.Table, options: ir.Table | None = None, *, late_usage: LateUsage
) -> ir.Table:
    """The (item, month) groups in which at least one record cannot be taken as it is; carried prices need a look each."""
    rows = _with_carried(_with_items(tallied, items), options)
    off = ibis.or_(
        *([] if options is None else [rows.carried_in.notnull() & (rows.unpriced > 0)]),
        rows.known_item.isnull(),
        rows.month_on.isnull(),
        rows.numbered < rows.records,
        rows.unreadable > 0,
        _below_zero(rows.least_quantity),
        _below_zero(rows.least_amount),
        rows.first_on < ibis.greatest(rows.starts_on, rows.contract_starts_on),
        rows.last_on >= ibis.least(rows.ends_before, rows.contract_ends_before),
        rows.first_currency.fill_null(rows.contract_currency) != rows.contract_currency,
        rows.last_currency.fill_null(rows.contract_currency) != rows.contract_currency,
        (rows.pricing_model == "") & (rows.unpriced > 0),
        ibis.literal(late_usage == "reject") & (rows.month_on < rows.open_on),
    )
    return rows.filter(off).select("item_id", month_on=_month_or_none(rows.month_on))


def examined_usage(
    usage: ir.Table,
    repeated: ir.Table,
    suspects: ir.Table,
    voids: ir.Table,
    items: ir.Table,
    options: ir.Table | None = None,
    *,
    zone: str,
    late_usage: LateUsage,
) -> ir.Table:
    """The records that need a look of their own, each with its status, code and offending value."""
    rows = _dated(usage, zone)
    rows = rows.mutate(usage_hash=hash64(rows.usage_id))
    rows = rows.mutate(group_month_on=_month_or_none(rows.month_on))
    marks = repeated.mutate(is_repeated=True)
    rows = rows.left_join(marks, "usage_hash").drop("usage_hash_right")
    groups = suspects.select(suspect_item="item_id", suspect_month="month_on")
    rows = rows.left_join(groups, [rows.item_id == groups.suspect_item, rows.group_month_on == groups.suspect_month])
    rows = rows.filter(rows.is_repeated.notnull() | rows.suspect_item.notnull())
    rows = _judged(_with_carried(_with_items(rows, items), options), late_usage)
    gone = voids.distinct().select(voided_id="usage_id")
    rows = rows.left_join(gone, rows.usage_id == gone.voided_id)
    return rows.select(
        "usage_id",
        "item_id",
        "batch",
        "row",
        "month_on",
        "used_on",
        "quantity",
        "amount",
        "dimensions",
        "code",
        value=_offending_value(rows),
        status=ibis.cases(
            (rows.code != "", "rejected"),
            (rows.place > 0, "duplicate"),
            (rows.voided_id.notnull(), "voided"),
            else_="accepted",
        ),
    )


def metered(tallied: ir.Table, suspects: ir.Table, examined: ir.Table, *, anything: bool) -> ir.Table:
    """Accepted records by item and month."""
    if not anything:
        return _to_metered(tallied.mutate(used_on=tallied.month_on))
    clean = tallied.mutate(group_month_on=_month_or_none(tallied.month_on))
    clean = clean.anti_join(
        suspects, [clean.item_id == suspects.item_id, clean.group_month_on == suspects.month_on]
    ).select("item_id", "month_on", "records", "quantity", "amount")
    looked_at = _accepted(examined)
    looked_at = looked_at.group_by(["item_id", "month_on"]).agg(
        records=looked_at.count(), quantity=looked_at.quantity.sum(), amount=looked_at.amount.sum()
    )
    both = clean.union(looked_at.select(clean.columns))
    both = both.group_by(["item_id", "month_on"]).agg(
        records=both.records.sum().cast("int64"), quantity=both.quantity.sum(), amount=both.amount.sum()
    )
    return _to_metered(both.mutate(used_on=both.month_on))


def metered_days(
    usage: ir.Table, repeated: ir.Table, examined: ir.Table, wanted: ir.Table, *, zone: str, is_clean: bool
) -> ir.Table:
    """Accepted records of the wanted item and months, by day."""
    rows = _taken(usage, repeated, examined, zone=zone, is_clean=is_clean)
    return _to_metered(_summed(rows.semi_join(wanted, ["item_id", "month_on"]), ["item_id", "month_on", "used_on"]))


def counted_records(usage: ir.Table, examined: ir.Table, options: ir.Table, *, zone: str) -> ir.Table:
    """Accepted records that do not come priced: all of an item but those that were looked at and not taken."""
    rows = usage.semi_join(options, "item_id").filter(usage.amount.isnull())
    left = examined.filter(examined.status != "accepted").select("usage_id", "batch", "row")
    rows = _dated(rows, zone).anti_join(left, ["usage_id", "batch", "row"])
    kept = [name for name in tables.COUNTED_RECORDS.names if name != "quantity_e12"]
    return rows.select(*kept, quantity_e12=scaled(rows.quantity))


def metered_dimensions(
    usage: ir.Table, repeated: ir.Table, examined: ir.Table, *, zone: str, is_clean: bool, dimension: str
) -> ir.Table:
    """Accepted records by item, month and the value of one dimension; null where a record has none."""
    rows = _taken(usage, repeated, examined, zone=zone, is_clean=is_clean)
    rows = rows.mutate(value=json_text(rows.dimensions, dimension))
    sums = _summed(rows, ["item_id", "month_on", "value"])
    return sums.select(
        "item_id",
        "month_on",
        "value",
        "records",
        quantity_e12=scaled(sums.quantity).fill_null(exact(0)),
        amount_e12=scaled(sums.amount).fill_null(exact(0)),
    )


def _taken(usage: ir.Table, repeated: ir.Table, examined: ir.Table, *, zone: str, is_clean: bool) -> ir.Table:
    """Every accepted record, one row each."""
    rows = _dated(usage, zone)
    if not is_clean:
        seen = examined.select("usage_id", "batch", "row")
        rows = rows.mutate(usage_hash=hash64(rows.usage_id)).anti_join(repeated, "usage_hash")
        rows = rows.anti_join(seen, ["usage_id", "batch", "row"])
    quantity = ibis.ifelse(rows.amount.isnull(), rows.quantity, None)
    rows = rows.select("item_id", "month_on", "used_on", "dimensions", "amount", quantity=quantity)
    return rows if is_clean else rows.union(_accepted(examined).select(rows.columns))


def _summed(rows: ir.Table, keys: list[str]) -> ir.Table:
    return rows.group_by(keys).agg(records=rows.count(), quantity=rows.quantity.sum(), amount=rows.amount.sum())


def rejections(examined: ir.Table) -> ir.Table:
    """The rejected records with code and offending value."""
    rows = examined.filter(examined.status == "rejected")
    return rows.select(list(tables.REJECTIONS.names))


def rejected_usage(examined: ir.Table) -> ir.Table:
    """The same with day, quantity and amount, for who has to settle them."""
    rows = examined.filter(examined.status == "rejected")
    return rows.select(list(tables.REJECTED_USAGE.names))


def _dated(usage: ir.Table, zone: str) -> ir.Table:
    used_on = ibis.coalesce(usage.used_on, local_day(zone, usage.used_at))
    rows = usage.mutate(used_on=used_on)
    return rows.mutate(month_on=rows.used_on.truncate("M").cast("date"))


def _month_or_none(month_on: ir.Value) -> ir.Value:
    return month_on.fill_null(ibis.date("0001-01-01"))


def _with_items(rows: ir.Table, items: ir.Table) -> ir.Table:
    known = items.select(
        "pricing_model",
        "bundle_id",
        "starts_on",
        "ends_before",
        "contract_starts_on",
        "contract_ends_before",
        known_item="item_id",
        contract_currency="currency",
    )
    return rows.left_join(known, rows.item_id == known.known_item)


def _with_carried(rows: ir.Table, options: ir.Table | None) -> ir.Table:
    """Add `carried_in`, the dimension in which a record of the item carries its price; null: in none."""
    if options is None:
        return rows.mutate(carried_in=ibis.null("string"))
    named = ibis.coalesce(options.price_dimension.nullif(""), options.amount_dimension.nullif(""))
    carrying = options.select(carrying_item="item_id", carried_in=named)
    return rows.left_join(carrying, rows.item_id == carrying.carrying_item)


def _below_zero(value: ir.Value) -> ir.Value:
    return (value < 0).fill_null(False)


def _judged(rows: ir.Table, late_usage: LateUsage) -> ir.Table:
    """Add `code` (empty: none) and `place`, the number of equal accepted records before it."""
    rows = rows.mutate(
        known_code=ibis.ifelse(rows.known_item.isnull(), "usage_must_name_a_known_item", ""),
        own_code=_own_code(rows, late_usage),
        content=_content(rows),
    )
    one_file = ibis.window(group_by=["usage_id", "batch"])
    rows = rows.mutate(differs_in_file=rows.content.min().over(one_file) != rows.content.max().over(one_file))
    storable = (rows.known_code == "") & (rows.own_code == "") & ~rows.differs_in_file
    rows = rows.mutate(storable=storable)
    order = [rows.storable.desc(), rows.batch, rows.row]
    by_id = ibis.window(group_by="usage_id", order_by=order)
    rows = rows.mutate(
        place=ibis.row_number().over(by_id),
        stored_content=rows.content.first().over(ibis.window(group_by="usage_id", order_by=order)),
        stored_batch=rows.batch.first().over(ibis.window(group_by="usage_id", order_by=order)),
        any_stored=rows.storable.max().over(ibis.window(group_by="usage_id")),
    )
    changed = rows.differs_in_file | (
        rows.any_stored & (rows.batch > rows.stored_batch) & (rows.content != rows.stored_content)
    )
    code = ibis.cases(
        (rows.known_code != "", rows.known_code),
        (changed, "usage_must_not_change_under_its_id"),
        else_=rows.own_code,
    )
    return rows.mutate(code=code)


def _own_code(rows: ir.Table, late_usage: LateUsage) -> ir.Value:
    """The first rule that the record breaks by itself, in order of precedence."""
    number = "quantity_must_be_a_number"
    return ibis.cases(
        (rows.unreadable.fill_null("") == "usage_must_have_a_date", rows.unreadable),
        (rows.used_on.isnull(), "usage_must_have_a_date"),
        (rows.unreadable.notnull(), rows.unreadable),
        (rows.quantity.isnull() & rows.amount.isnull(), number),
        (_below_zero(rows.quantity) | _below_zero(rows.amount), "quantity_must_not_be_negative"),
        (rows.currency.fill_null(rows.contract_currency) != rows.contract_currency, "currency_must_match_contract"),
        (
            (rows.used_on < rows.contract_starts_on) | (rows.used_on >= rows.contract_ends_before),
            "usage_must_fall_in_contract",
        ),
        ((rows.used_on < rows.starts_on) | (rows.used_on >= rows.ends_before), "usage_must_fall_in_item"),
        (rows.amount.isnull() & (rows.bundle_id != ""), "item_must_take_amounts"),
        (rows.amount.isnull() & (rows.pricing_model == ""), "item_must_have_a_price"),
        (rows.amount.isnull() & rows.carried_in.notnull() & ~_carries_price(rows), "usage_must_carry_its_price"),
        (ibis.literal(late_usage == "reject") & (rows.month_on < rows.open_on), "period_must_be_open"),
        else_="",
    )


def _carries_price(rows: ir.Table) -> ir.Value:
    """Does the record carry a plain number, not below zero, with digits that can be kept?"""
    return json_text(rows.dimensions, rows.carried_in).re_search(r"^[0-9]{1,13}(\.[0-9]{1,12})?$").fill_null(False)


def _content(rows: ir.Table) -> ir.Value:
    parts = [rows.item_id, rows.used_on, rows.used_at, rows.quantity, rows.amount, rows.currency, rows.dimensions]
    texts = [part.cast("string").fill_null("-") for part in parts]
    return ibis.literal("|").join(texts)


def _offending_value(rows: ir.Table) -> ir.Value:
    day = rows.used_on.cast("string")
    quantity = ibis.coalesce(rows.amount, rows.quantity).cast("string")
    return ibis.cases(
        (rows.code == "usage_must_name_a_known_item", rows.item_id),
        (rows.code == rows.unreadable, rows.unreadable_value),
        (rows.code == "quantity_must_not_be_negative", quantity),
        (rows.code == "currency_must_match_contract", rows.currency),
        (rows.code.isin(["usage_must_fall_in_contract", "usage_must_fall_in_item", "period_must_be_open"]), day),
        (rows.code.isin(["item_must_take_amounts", "item_must_have_a_price"]), rows.item_id),
        (rows.code == "usage_must_carry_its_price", json_text(rows.dimensions, rows.carried_in)),
        (rows.code == "usage_must_not_change_under_its_id", rows.content),
        else_="",
    ).fill_null("")


def _accepted(examined: ir.Table) -> ir.Table:
    rows = examined.filter(examined.status == "accepted")
    quantity = ibis.ifelse(rows.amount.isnull(), rows.quantity, None)
    return rows.select("item_id", "month_on", "used_on", "dimensions", "amount", quantity=quantity)


def _to_metered(rows: ir.Table) -> ir.Table:
    return rows.select(
        "item_id",
        "month_on",
        "used_on",
        "records",
        quantity_e12=scaled(rows.quantity).fill_null(exact(0)),
        amount_e12=scaled(rows.amount).fill_null(exact(0)),
    )
