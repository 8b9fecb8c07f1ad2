"""An import in their words."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from ratable_server.api.zuora.translate.ids import public_id, user_id
from ratable_server.queries.report_files import ReportFileState

_STATUS = {"pending": "Pending", "processing": "Processing", "completed": "Completed", "failed": "Failed"}


def status_path(import_id: int) -> str:
    """Where to ask how far an import is."""
    return f"/v1/usage/{public_id('import', import_id)}/status"


def import_status(state: ReportFileState) -> dict[str, Any]:
    """How far an import is, in both families of names."""
    own = {"success": True, "importStatus": _STATUS[state.status], "message": state.message or None}
    return {**own, **import_object(state)}


def import_object(state: ReportFileState, fields: Collection[str] = ()) -> dict[str, Any]:
    """An import as an object: all of it, or the fields that were asked for. What is not known is left out."""
    who = user_id(state.recorded_by)
    told = {
        "Id": public_id("import", state.import_id),
        "ImportType": "Usage",
        "Name": state.name or state.file_name or "import Usage",
        "Status": _STATUS[state.status],
        "StatusReason": state.message or None,
        "TotalCount": state.rows_total,
        "ImportedCount": state.rows_imported,
        "Md5": state.md5,
        "CreatedById": who,
        "CreatedDate": _moment(state.recorded_at),
        "UpdatedById": who,
        "UpdatedDate": _moment(state.changed_at),
    }
    return {name: value for name, value in told.items() if value is not None and (not fields or name in fields)}


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
