"""Files of made-up usage for the terms of `ratable.bench.made_up`: as somebody sends it, and as the tables hold it.

Everything follows from the row number by a hash, so that two machines make the same files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import duckdb

from ratable.bench.made_up import ITEMS, YEAR

Ids = Literal["ordered", "random"]

# A record is some 110 bytes: an id, an item, an instant of the year, a quantity of three decimals and a region.
_RECORDS = """
CREATE TABLE record AS
SELECT {ids} AS id,
    'c' || lpad((h % {contracts})::VARCHAR, 5, '0') || '-'
        || list_extract({items}, 1 + ((h // {contracts}) % {kinds})) AS item,
    TIMESTAMP '{year}-01-01 00:00:00' + INTERVAL 1 SECOND * (i * 31535999 // {rows}) AS instant,
    ((1 + (h // 50000) % 100000) / 1000)::DECIMAL(18, 3)::VARCHAR AS quantity,
    list_extract(['eu-west-1', 'us-east-1', 'us-west-2'], 1 + (h // 7) % 3) AS region,
    i + 1 AS "row"
FROM (SELECT i, (hash(i) >> 2)::BIGINT AS h FROM range({rows}) r(i)) ORDER BY i
"""
_IDS = {
    "ordered": "'u' || lpad(i::VARCHAR, 12, '0')",
    "random": "md5(i::VARCHAR)::UUID::VARCHAR",
}
_SENT = (
    "SELECT id, item, strftime(instant, '%Y-%m-%dT%H:%M:%SZ') AS used_at, quantity, region FROM record ORDER BY \"row\""
)
_KEPT = """
SELECT {tenant}, id, item, strftime(instant, '%Y-%m-%dT%H:%M:%SZ'), instant::DATE, date_trunc('month', instant)::DATE,
    quantity, '', '{{"region": "' || region || '"}}', 1, "row", 1, '{year}-01-01'
FROM record ORDER BY "row"
"""
_KEYS = """
SELECT {tenant}, id, '\\x' || sha256(concat_ws('|', id, item, instant, quantity, region)), "row",
    date_trunc('month', instant)::DATE
FROM record ORDER BY "row"
"""
KEPT_COLUMNS = (
    'tenant_id, event_id, stream, used_at, used_on, month_on, quantity, currency, dimensions, usage_import_id, "row",'
    " number, open_on"
)
KEY_COLUMNS = "tenant_id, event_id, content_hash, record_id, month_on"


def write_files(folder: Path, *, rows: int, contracts: int, ids: Ids, tenant_id: int) -> tuple[Path, Path, Path]:
    """Three CSV files of the same records: as sent, with a header; as `usage_record` and `usage_key` hold them."""
    sent, kept, keys = (folder / f"{name}.csv" for name in ("sent", "kept", "keys"))
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        made = _RECORDS.format(
            ids=_IDS[ids], contracts=contracts, items=list(ITEMS), kinds=len(ITEMS), year=YEAR, rows=rows
        )
        connection.execute(made)
        for path, query, header in ((sent, _SENT, "true"), (kept, _KEPT, "false"), (keys, _KEYS, "false")):
            told = query.format(tenant=tenant_id, year=YEAR)
            connection.execute(f"COPY ({told}) TO '{path}' (FORMAT csv, HEADER {header})")
    return sent, kept, keys
