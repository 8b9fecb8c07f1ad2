"""The schema of every table that flows, in the order of the flow.

Ids are text, months are their first day, ranges are half-open. `_minor` is int64 in minor units of
the contract's currency, `_e12` decimal(38,0) scaled by 10^12. An id that does not apply is the
empty text, so that keys join without null rules.
"""

from __future__ import annotations

import ibis

_E12 = "decimal(38, 0)"


def _schema(**columns: str) -> ibis.Schema:
    return ibis.schema(columns)


# What was agreed --------------------------------------------------------------------------------

MONTHS = _schema(
    month_on="date",
    ends_before="date",
    days="int64",
    open_on="date",  # the first month that is not closed, the same in every row
    is_open="boolean",
)

CONTRACTS = _schema(
    contract_id="string",
    currency="string",
    minor_divisor=_E12,  # 10^(24 - minor unit digits): from e24 to minor units
    starts_on="date",
    ends_before="date",
    counts_from="date",  # the first day that is computed: after the cut-over
    terminated_on="date",  # last day of service; 9999-12-31: not terminated
    released_on="date",  # the day on which the books end it: later, if its month was closed
    minimum_amount_e12=_E12,  # 0 = none
    minimum_quantity_e12=_E12,
)

ITEMS = _schema(
    item_id="string",
    contract_id="string",
    product_id="string",
    bundle_id="string",
    pricing_model="string",  # empty: takes amounts only
    package_size_e12=_E12,
    free_units_e12=_E12,
    zero_usage_flat_fee="boolean",
    draws="boolean",
    stream_order="int64",  # order in which streams of one day are served
    starts_on="date",
    ends_before="date",
    contract_starts_on="date",  # the first day that is computed: start of the contract, or after the cut-over
    contract_ends_before="date",
    currency="string",
    minor_divisor=_E12,
)

TIERS = _schema(
    item_id="string",
    tier="int64",
    lower_e12=_E12,
    upper_e12=_E12,
    unit_price_e12=_E12,
    flat_fee_e12=_E12,
)

RATING_OPTIONS = _schema(  # only items whose rating looks at more than the quantity of the month
    item_id="string",
    rating_group="string",
    group_dimension="string",  # empty: none
    is_individual="boolean",  # each record is priced and rounded by itself
    aggregation="string",
    price_dimension="string",
    amount_dimension="string",
    quantity_step_e12=_E12,  # a rated quantity is a multiple of it; 0: as it is
    quantity_rounding="string",
    maximum_e12=_E12,  # of a month's amount; 0: none
)

TIER_LIMITS = _schema(  # only tiers whose amount has a minimum or a maximum
    item_id="string",
    tier="int64",
    minimum_e12=_E12,
    maximum_e12=_E12,
)

COMMITS = _schema(
    commit_id="string",
    contract_id="string",
    product_id="string",
    granted_minor="int64",
    keep_e12=_E12,  # 1 - discount
    starts_on="date",
    ends_before="date",  # of the last life, where it rolls over
    rank="int64",  # of the first life
    expires="boolean",  # what is left on its last day is booked; false where it never ends or was terminated
    released_on="date",  # the day on which the books end its contract; 9999-12-31: not terminated
)

# A pair of a drawing item and a life of a commit that may serve it. `pass_no` and `wave` say when: see drawdown.
ELIGIBLE = _schema(
    item_id="string",
    commit_id="string",
    contract_id="string",
    rank="int64",
    is_home="boolean",
    pass_no="int64",
    serves_from="date",  # the days on which the commit has this rank
    serves_before="date",
)

# Pools of units. What they hold is counted in millionths of a unit, in tables of the same shape as those of money: there
# `_minor` is a millionth.
UNIT_POOLS = _schema(
    commit_id="string",
    price_minor="int64",
    units="int64",  # what the price bought; of what was added later each unit costs the same
)

UNIT_COMMITS = COMMITS
UNIT_ELIGIBLE = ELIGIBLE

UNIT_RATES = _schema(  # items that draw units
    item_id="string",
    rate_e12=_E12,  # units of the pool for each unit used
)

ROLLOVERS = _schema(  # the ends of lives of commits that live on
    commit_id="string",
    number="int64",  # counted from 1
    rolls_on="date",  # the first day of the next life
    ranks_from="date",  # the first month in which it has its rank
    rank="int64",
    cap_minor="int64",  # no more than that lives on; the largest number: all
)

CIRCULAR = _schema(contract_id="string")  # contracts whose months must be drawn one after the other

UNIT_ROLLOVERS = ROLLOVERS

ADJUSTMENTS = _schema(  # corrections of closed months that are not posted yet, list value
    adjustment_id="string",
    commit_id="string",
    contract_id="string",
    item_id="string",  # the commit's own stream
    service_on="date",
    used_on="date",
    booked_on="date",
    on="date",
    number="int64",  # order in which they were learned
    amount_minor="int64",
)

GRANTS = _schema(commit_id="string", month_on="date", amount_minor="int64")  # top-ups, and credits as negatives

UNIT_GRANTS = GRANTS

ESTIMATES = _schema(commit_id="string", month_on="date", keep_e12=_E12)  # 1 - expected breakage, from a month on

SHARES = _schema(item_id="string", product_id="string", weight_e12=_E12)  # how an item's revenue splits

SCHEDULES = _schema(  # subscriptions and milestones, one row per month, line and product
    source_id="string",
    kind="string",
    contract_id="string",
    product_id="string",
    line_no="int64",
    month_on="date",
    on="date",
    total_minor="int64",
    weight_to_date="int64",
    weight_before="int64",
    weight_total="int64",
)

SOURCES = _schema(  # what a position belongs to, where it is of a product
    contract_id="string",
    source_kind="string",  # prepaid_commit | subscription | milestone
    source_id="string",
    product_id="string",
)

# 1 usage ----------------------------------------------------------------------------------------

USAGE = _schema(
    usage_id="string",
    item_id="string",
    used_at="timestamp('UTC')",
    used_on="date",
    quantity="decimal(38, 12)",
    amount="decimal(38, 12)",
    currency="string",
    unreadable="string",  # code of what could not be read in the row, else null
    unreadable_value="string",  # what stands there instead, as written
    dimensions="string",  # further columns as a JSON object, keys sorted; null: none
    batch="int64",  # the entry or file by which the books learned it
    row="int64",
    open_on="date",  # first open month when it was learned
    came_alone="boolean",  # it was a request of its own, although others share its batch
)

VOIDS = _schema(usage_id="string")

EXAMINED = _schema(
    usage_id="string",
    item_id="string",
    batch="int64",
    row="int64",
    month_on="date",
    used_on="date",
    quantity="decimal(38, 12)",
    amount="decimal(38, 12)",
    dimensions="string",
    code="string",  # why it is rejected, else empty
    value="string",
    status="string",  # accepted | voided | duplicate | rejected
)

METERED = _schema(
    item_id="string",
    month_on="date",
    used_on="date",  # first day of the month where a whole month stands in one row
    records="int64",
    quantity_e12=_E12,
    amount_e12=_E12,
)

COUNTED_RECORDS = _schema(  # accepted records with a quantity, of items with rating options
    usage_id="string",
    item_id="string",
    month_on="date",
    used_on="date",
    used_at="timestamp('UTC')",
    batch="int64",
    row="int64",
    quantity_e12=_E12,
    dimensions="string",
    came_alone="boolean",
)

REJECTIONS = _schema(usage_id="string", item_id="string", batch="int64", row="int64", code="string", value="string")

REJECTED_USAGE = _schema(  # what was taken once and cannot go on now, as books keep it
    usage_id="string",
    item_id="string",
    batch="int64",
    row="int64",
    month_on="date",
    used_on="date",
    quantity="decimal(38, 12)",
    amount="decimal(38, 12)",
    code="string",  # empty: it counts again
    value="string",
)

# 2 rating ---------------------------------------------------------------------------------------

RATED_LINES = _schema(
    contract_id="string",
    item_id="string",
    product_id="string",
    month_on="date",
    tier="int64",
    quantity_e12=_E12,
    amount_minor="int64",
)

RATED = _schema(
    contract_id="string",
    item_id="string",
    month_on="date",
    quantity_e12=_E12,
    amount_minor="int64",
)

# 3 drawdown -------------------------------------------------------------------------------------

DEMANDS = _schema(
    contract_id="string",
    item_id="string",
    month_on="date",
    used_on="date",
    gross_minor="int64",
)

POSTED_DEMANDS = _schema(
    contract_id="string",
    item_id="string",
    month_on="date",
    used_on="date",
    adjusted_on="date",
    gross_minor="int64",
)

DRAWS = _schema(
    contract_id="string",
    item_id="string",
    commit_id="string",  # the commit that covers it; of overage the home commit; empty for usage
    kind="string",  # drawdown | overage | usage | discount
    service_on="date",
    booked_on="date",
    adjusted_on="date",  # the day an adjustment was learned; 0001-01-01 for regular consumption
    gross_minor="int64",
    net_minor="int64",
)

FORFEITS = _schema(  # what lapsed at the cap of a rollover, by what was booked through the month `known_on`
    commit_id="string", rolls_on="date", known_on="date", amount_minor="int64"
)

BALANCES = _schema(commit_id="string", balance_minor="int64")

# 4 allocation -----------------------------------------------------------------------------------

EARNED = _schema(  # what an item has earned, whole: pay-as-you-go, drawdown, overage
    contract_id="string",
    item_id="string",
    commit_id="string",
    kind="string",
    service_on="date",
    adjusted_on="date",
    amount_minor="int64",
)

ALLOCATED = _schema(
    contract_id="string",
    item_id="string",
    product_id="string",
    commit_id="string",
    kind="string",
    service_on="date",
    adjusted_on="date",
    amount_minor="int64",
)

# 5 recognition ----------------------------------------------------------------------------------

REVENUE = _schema(
    contract_id="string",
    source_kind="string",  # usage | prepaid_commit | subscription | milestone
    source_id="string",
    item_id="string",
    product_id="string",
    commit_id="string",
    kind="string",
    service_on="date",
    booked_on="date",
    on="date",
    adjusted_on="date",  # the day an adjustment was learned; 0001-01-01 for anything else
    amount_minor="int64",
)

# 6 ledger ---------------------------------------------------------------------------------------

MOVES = _schema(  # one side of an entry; the other side is the position of its source
    entry_id="string",
    contract_id="string",
    source_kind="string",
    source_id="string",
    kind="string",
    account="string",
    item_id="string",
    product_id="string",
    commit_id="string",
    service_on="date",
    booked_on="date",
    on="date",
    place="int64",  # order within a day: 0 opening, 1 documents, 2 revenue, 3 breakage, 4 termination
    number="int64",  # order of documents
    is_adjusted="boolean",  # what an adjustment of a closed month changes
    debit_minor="int64",  # signed: a credit is negative
)

TURNS = _schema(  # what can only be booked when all before it is: see ledger
    entry_id="string",
    contract_id="string",
    kind="string",  # invoice | void | termination
    service_on="date",
    booked_on="date",
    on="date",
    place="int64",
    number="int64",
    amount_minor="int64",
    voided_number="int64",  # of the turn that a void takes back; 0: it takes none back
)

UNEARNED = ("adjustment", "opening", "reversal")  # kinds of entries that move revenue which no obligation gave

JOURNAL = _schema(
    entry_id="string",
    contract_id="string",
    currency="string",
    source_kind="string",
    source_id="string",
    kind="string",
    account="string",
    item_id="string",
    product_id="string",
    commit_id="string",
    service_on="date",
    booked_on="date",
    on="date",
    place="int64",
    number="int64",
    is_adjusted="boolean",
    debit_minor="int64",
    credit_minor="int64",
)
