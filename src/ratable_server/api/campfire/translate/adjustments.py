"""Adjustments of closed months of prepaid commits, as they were processed."""

from __future__ import annotations

from typing import Any


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
