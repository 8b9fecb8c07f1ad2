"""Usage into the books: files and records, what is taken back, what was rejected.

Owns the receipt, the transactions of an import, and what happens to it when its process dies. How a file is read
and judged is `store.staging`; the codes of rejected rows are those of the calculation's `meter`.
"""

from ratable_server.operations.usage.abandoned import fail_abandoned_imports
from ratable_server.operations.usage.adjusting import (
    AdjustedMonth,
    BookedAdjustments,
    RefusedAdjustments,
    book_adjustments,
)
from ratable_server.operations.usage.dynamic_pricing import set_dynamic_pricing
from ratable_server.operations.usage.importing import ingest_usage
from ratable_server.operations.usage.receipts import Outcome, Receipt, RejectedFile, RejectedRecord, Rejection, Taken
from ratable_server.operations.usage.recording import Manner, record_usage, take_records
from ratable_server.operations.usage.reported import delete_reported_usage, report_usage, revise_reported_usage
from ratable_server.operations.usage.reports import RefusedReports, Report, ReportedFile, ReportOutcome, Revision
from ratable_server.operations.usage.resolving import resolve_rejection
from ratable_server.operations.usage.together import record_together, report_together
from ratable_server.operations.usage.uploads import NO_FLAG, Place, Upload, WordedUpload, Words
from ratable_server.operations.usage.voiding import void_usage
from ratable_server.operations.usage.worded import WordedReceipt, ingest_worded

__all__ = [
    "NO_FLAG",
    "AdjustedMonth",
    "BookedAdjustments",
    "Manner",
    "Outcome",
    "Place",
    "Receipt",
    "RefusedAdjustments",
    "RefusedReports",
    "RejectedFile",
    "RejectedRecord",
    "Rejection",
    "Report",
    "ReportOutcome",
    "ReportedFile",
    "Revision",
    "Taken",
    "Upload",
    "WordedReceipt",
    "WordedUpload",
    "Words",
    "book_adjustments",
    "delete_reported_usage",
    "fail_abandoned_imports",
    "ingest_usage",
    "ingest_worded",
    "record_together",
    "record_usage",
    "report_together",
    "report_usage",
    "resolve_rejection",
    "revise_reported_usage",
    "set_dynamic_pricing",
    "take_records",
    "void_usage",
]
