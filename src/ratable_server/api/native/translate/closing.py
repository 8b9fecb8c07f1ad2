"""Periods and runs in the words of the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ratable_server.api.native.translate.words import month_text


def from_run(run: Any) -> dict[str, Any]:
    """A run."""
    return {
        "run": run.run_id,
        "month": month_text(run.month_on),
        "status": run.status,
        "started_at": run.started_at,
        "started_by": run.started_by,
        "finished_at": run.finished_at,
        "calculation_version": run.calculation_version,
        "rows": run.counts,
        "failure": run.failure,
    }


def from_period(period: Any) -> dict[str, Any]:
    """A month with its runs."""
    return {
        "month": month_text(period.month_on),
        "status": period.status,
        "version": period.version,
        "closed_at": period.closed_at,
        "closed_by": period.closed_by,
        "reopened_for": period.reopened_for,
        "runs": [from_run(run) for run in period.runs],
    }


def from_obstacles(obstacles: Sequence[Any]) -> list[dict[str, Any]]:
    """What stands in the way."""
    return [{"code": one.code, "field": one.field, "detail": one.detail} for one in obstacles]


def from_warnings(warnings: Sequence[Any]) -> list[dict[str, Any]]:
    """What stops nothing."""
    return [{"code": one.code, "detail": one.detail} for one in warnings]


def from_closed(closed: Any) -> dict[str, Any]:
    """What a close has come to."""
    return {
        "month": month_text(closed.month_on),
        "is_closed": True,
        "version": closed.version,
        "run": closed.run_id,
        "journal_hash": closed.journal_hash,
        "warnings": from_warnings(closed.warnings),
        "draft": None,
    }


def from_dry_run(draft: dict[str, Any]) -> dict[str, Any]:
    """What a close would come to."""
    told = {"month": draft["month"], "is_closed": False, "version": None, "run": draft["run"]}
    return {**told, "journal_hash": None, "warnings": draft["warnings"] or [], "draft": draft}
