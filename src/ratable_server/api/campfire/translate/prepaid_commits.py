"""Prepaid commits and their consumption: `/rr/api/v1/contracts/{id}/prepaid-commits`.

Their expiration date is the last day. Consumption is prepaid usage in list value, one record for each commit and month.
"""

from __future__ import annotations

from typing import Any

from ratable_server.api.campfire.translate.words import Names, last_day

OURS = (
    "product", "name", "currency", "total_value", "discount_percentage", "rate", "start_date", "expiration_date",
    "priority",
)  # fmt: skip


def from_prepaid_commit(commit: Any, names: Names) -> dict[str, Any]:
    """A pool with what is left of it."""
    return {
        "id": commit.id,
        "contract": commit.contract_id,
        **names.of_fields(commit.further, "entity", "department"),
        "product": commit.product_id,
        "product_name": commit.product_name,
        "name": commit.name or commit.code,
        "currency": commit.currency,
        "total_value": commit.total_value,
        "discount_percentage": commit.discount_percentage,
        "rate": commit.rate,
        "start_date": commit.starts_on,
        "expiration_date": last_day(commit.ends_before),
        "priority": commit.priority,
        "tags": names.tag_text(commit.further),
        "tag_details": names.tags(commit.further),
        "created_at": commit.created_at,
        "last_modified_at": commit.modified_at,
    }
