"""Adjustments of closed months of prepaid commits, as they were processed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ratable_server.api.campfire.translate.usage_uploads import external_id_of

_SHOWN = 100


def from_processed(processed: Any) -> dict[str, Any]:
    """What was processed, by month, with the credit memos that were made."""
    return {
        "processed": processed.rows,
        "waiting": processed.waiting,
        "credit_memos": [
            {
                "id": month.memo_id,
                "credit_memo_number": month.memo,
                "amount": month.credited,
                "original_period_month": month.service_on,
            }
            for month in processed.months
            if month.memo is not None
        ],
        "periods": [_from_month(month) for month in processed.months],
    }


def from_refused(refused: Any) -> dict[str, Any]:
    """Adjustments that were not booked, with the rows that stand in the way."""
    rows = sum(len(month.rows) for month in refused.months)
    told = "1 adjustment cannot" if rows == 1 else f"{rows:,} adjustments cannot"
    return {
        "error": f"{told} be booked, and none was. Tell them otherwise under their external_id, or add what sets them off.",
        "code": refused.code,
        "errors": list(islice((each for month in refused.months for each in _from_rows(month)), _SHOWN)),
    }


def _from_rows(month: Any) -> Iterator[dict[str, Any]]:
    """The rows of a month and a day, which are booked as one."""
    means = f"{month.amount:f} for {month.service_on:%Y-%m}: {_MEANS.get(month.code, month.code.replace('_', ' '))}"
    for row in month.rows:
        yield {
            "id": row.id,
            "row": row.row,
            "external_id": external_id_of(row.event_id, row.commit_id),
            "prepaid_commit": row.commit_id,
            "original_period_month": month.service_on,
            "adjustment_date": month.on,
            "total_revenue_dollars": row.amount,
            "available": month.used,
            "field": _FIELDS.get(month.code, "total_revenue_dollars"),
            "message": means if month.used is None else f"{means}, {month.used:f}",
            "code": month.code,
        }


_FIELDS = {"credit_of_adjustment_must_stand": "adjustment_date"}
_MEANS = {
    "adjustment_must_not_make_usage_negative": "more than that month used",
    "amount_must_be_in_the_measure_of_the_pool": "the prepaid commit holds units",
    "amount_must_fit_currency": "more digits than the books have",
    "credit_of_adjustment_must_stand": "a credit memo has told what would be credited no more, tell a later adjustment_date",
}


def _from_month(month: Any) -> dict[str, Any]:
    return {
        "original_period_month": month.service_on,
        "period_month": month.booked_on,
        "adjustment_date": month.on,
        "events": month.rows,
        "gross_amount": month.gross,
        "discount_amount": month.discount,
        "net_amount": month.net,
        "overage_amount": month.overage,
        "credited_amount": month.credited,
        "credit_memo": month.memo_id,
    }
