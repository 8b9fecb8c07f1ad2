"""A month of the books as an accounting period: its id is made of the month, its trial balance is its last run.

A month with a draft to look at is pending close; what stands in the way of its close is told when it is closed.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ratable.periods import next_month
from ratable_server.api.zuora.translate.ids import public_id, row_id_of, user_id
from ratable_server.api.zuora.translate.times import listed_time
from ratable_server.queries.periods import PeriodState, RunState

_STATUSES = {"open": "Open", "in_review": "PendingClose", "closed": "Closed"}
_BALANCES = {"computing": "Processing", "draft": "Completed", "posted": "Completed", "failed": "Error"}
_FILES = (
    "accountsReceivableAccountAgingDetailExportFileId", "accountsReceivableInvoiceAgingDetailExportFileId",
    "arRollForwardDetailExportFileId", "fxRealizedGainAndLossDetailExportFileId",
    "fxUnrealizedGainAndLossDetailExportFileId", "revenueDetailCsvFileId", "revenueDetailExcelFileId",
    "unprocessedChargesFileId",
)  # fmt: skip
_MONTHS = range(1, 13)
_YEARS = range(1900, 3000)


def id_of_month(month_on: date) -> str:
    """The id of a month: whether it is open or closed does not change it."""
    return public_id("period", month_on.year * 100 + month_on.month)


def month_of_id(public: str) -> date | None:
    """The month that an id means; None: it is no such id."""
    year, month = divmod(row_id_of("period", public) or 0, 100)
    return date(year, month, 1) if year in _YEARS and month in _MONTHS else None


def from_period(period: PeriodState, zone: ZoneInfo) -> dict[str, Any]:
    """A period as it is told; moments are those of the books."""
    first = period.month_on
    return {
        "id": id_of_month(first),
        "name": f"{first:%b %Y}",
        "startDate": first,
        "endDate": next_month(first) - timedelta(days=1),
        "fiscalYear": f"{first:%Y}",
        "fiscal_quarter": (first.month + 2) // 3,
        "status": _STATUSES[period.status],
        "notes": "",
        "fileIds": dict.fromkeys(_FILES),
        **_balance(period, zone),
        **_history(period, zone),
    }


def drafts_of(period: PeriodState) -> list[int]:
    """The drafts that somebody can look at, the last one last."""
    return [run.run_id for run in period.runs if run.status == "draft"]


def _balance(period: PeriodState, zone: ZoneInfo) -> dict[str, Any]:
    """The trial balance of a month: that of its last run which was not discarded."""
    runs = [run for run in period.runs if run.status != "discarded"]
    last = runs[-1] if runs else None
    return {
        "runTrialBalanceStatus": _BALANCES[last.status] if last else "Pending",
        "runTrialBalanceStart": _told(last.started_at if last else None, zone),
        "runTrialBalanceEnd": _told(_end(last), zone),
        "runTrialBalanceErrorMessage": last.failure or None if last else None,
    }


def _end(run: RunState | None) -> datetime | None:
    return run.finished_at if run is not None and _BALANCES[run.status] == "Completed" else None


def _history(period: PeriodState, zone: ZoneInfo) -> dict[str, Any]:
    """Who did something to a month first and last, as far as the books say."""
    acts = [(run.started_at, run.started_by) for run in period.runs]
    acts += [(period.closed_at, period.closed_by)] if period.closed_at else []
    first, last = (min(acts), max(acts)) if acts else (None, None)
    return {
        "createdOn": _told(first[0] if first else None, zone),
        "createdBy": user_id(first[1]) if first else None,
        "updatedOn": _told(last[0] if last else None, zone),
        "updatedBy": user_id(last[1]) if last else None,
    }


def _told(at: datetime | None, zone: ZoneInfo) -> str | None:
    return None if at is None else listed_time(at, zone)
