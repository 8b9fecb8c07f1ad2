"""Made-up usage and terms for measurements: contracts with five items each, over one year.

Everything follows from the row number by a hash, so that two machines make the same file.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from ratable.terms import Contract, PrepaidCommit, Product, Terms, Tier, UsageGroup, UsageItem

YEAR = 2025
ITEMS = ("calls", "storage", "seats", "input", "output")
DRAWING = {"input", "output"}
_GENERATE = """
COPY (
    SELECT 'u' || lpad(i::VARCHAR, 12, '0') AS usage_id,
           'c' || lpad((h % {contracts})::VARCHAR, 5, '0') AS contract_id,
           'c' || lpad((h % {contracts})::VARCHAR, 5, '0') || '-'
               || list_extract({items}, 1 + ((h // {contracts}) % {kinds})) AS item_id,
           TIMESTAMPTZ '{year}-01-01 00:00:00+00' + INTERVAL 1 SECOND * (i * 31535999 // {records}) AS used_at,
           ((1 + (h // 50000) % 100000) / 1000)::DECIMAL(38, 12) AS quantity
    FROM (SELECT i, (hash(i) >> 2)::BIGINT AS h FROM range({records}) r(i))
) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 500000)
"""


def write_usage(path: Path, records: int, contracts: int) -> None:
    """Write `records` usage records of a year to a Parquet file, in the order of time."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(
        _GENERATE.format(
            contracts=contracts, items=list(ITEMS), kinds=len(ITEMS), year=YEAR, records=records, path=path
        )
    )
    connection.close()


def made_up_terms(contracts: int, records: int) -> Terms:
    """Tiers on pay-as-you-go items; two items draw on a commit that runs dry late in the year."""
    # A record is worth about 50 on average and two items in five draw.
    yearly = Decimal(50) * records * len(DRAWING) / (len(ITEMS) * contracts)
    pool = max((yearly * Decimal("0.6")).quantize(Decimal(1)), Decimal(1))
    return Terms(products=(_product(),), contracts=tuple(_contract(number, pool) for number in range(contracts)))


def _product() -> Product:
    tiers = (
        Tier(number=1, upper_quantity=Decimal(500), price=Decimal("0.90")),
        Tier(number=2, upper_quantity=Decimal(2000), price=Decimal("0.75"), flat_fee=Decimal(5)),
        Tier(number=3, price=Decimal("0.6125")),
    )
    one = (Tier(number=1, price=Decimal("1.000000125")),)
    groups = (
        UsageGroup(id="calls", pricing_model="graduated_tiered", tiers=tiers),
        UsageGroup(id="storage", pricing_model="volume_based", tiers=tiers),
        UsageGroup(id="seats", pricing_model="package", tiers=one, package_size=Decimal(100), free_units=Decimal(50)),
        UsageGroup(id="input", pricing_model="unit_based", tiers=one),
        UsageGroup(id="output", pricing_model="unit_based", tiers=one),
    )
    return Product(id="platform", name="Platform", usage_groups=groups)


def _contract(number: int, pool: Decimal) -> Contract:
    name = f"c{number:05d}"
    starts_on = date(YEAR, 1, 1)
    items = tuple(
        UsageItem(
            id=f"{name}-{kind}",
            product_id="platform",
            usage_group_id=kind,
            starts_on=starts_on,
            draws=kind in DRAWING,
        )
        for kind in ITEMS
    )
    commit = PrepaidCommit(
        id=f"{name}-pool",
        product_id="platform",
        total_value=pool,
        discount_percentage=Decimal(20),
        starts_on=starts_on,
        ends_before=date(YEAR + 1, 1, 1),
    )
    minimum = Decimal(400) if number % 10 == 0 else None
    return Contract(
        id=name,
        customer=name,
        currency="USD",
        starts_on=starts_on,
        minimum_monthly_commitment_amount=minimum,
        usage_items=items,
        prepaid_commits=(commit,),
    )
