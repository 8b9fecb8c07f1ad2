"""What stands around vendors: `/coa/api/vendor/summary`, `…/bulk-search`, `…/contacts`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

_SUMS = (
    "total_spend", "total_bill_spend", "total_card_spend", "total_paid", "total_unpaid", "total_credits", "credit_used",
    "credit_available",
)  # fmt: skip


def from_summary(customer: Any) -> dict[str, Any]:
    """Nothing is bought from a customer, so that every sum is zero."""
    return {
        "id": customer.id,
        "name": customer.name,
        "dba": customer.further.get("dba"),
        **{f"{name}{suffix}": Decimal(0) for name in _SUMS for suffix in ("", "_book")},
    }


def matched(wanted: Sequence[Mapping[str, Any]], there: Iterable[Any]) -> tuple[list[Any], list[Mapping[str, Any]]]:
    """What was found for what was looked for, each once, and what was not.

    The id in another system decides; a name does where no id was told, or where the vendor of that name has none.
    """
    rows = list(there)
    by_id = {key: row for row in rows for key in (row.code, row.further.get("external_id")) if key}
    by_name: dict[str, Any] = {}
    for row in rows:
        by_name.setdefault(row.name, row)
    found: dict[int, Any] = {}
    missing: dict[tuple[str, str], Mapping[str, Any]] = {}
    for each in wanted:
        row = by_id.get(each.get("external_id") or "") or _by_name(by_name.get(each["name"]), each)
        if row is None:
            missing.setdefault((each.get("external_id") or "", each["name"]), each)
        else:
            found[row.id] = row
    return list(found.values()), list(missing.values())


def _by_name(row: Any, wanted: Mapping[str, Any]) -> Any:
    is_anothers = row is not None and wanted.get("external_id") and row.further.get("external_id")
    return None if is_anothers else row
