"""The refusal of a file as a whole, which has a receipt as well."""

from __future__ import annotations

from ratable_server.errors import Refused
from ratable_server.store.load.receipts import Receipt, Rejection, receipt_of

__all__ = ["Receipt", "RejectedFile", "Rejection", "receipt_of"]


class RejectedFile(Refused):
    """A file that was not taken because of some of its rows; the receipt says which."""

    def __init__(self, receipt: Receipt) -> None:
        self.receipt = receipt
        first = receipt.rejections[0]
        super().__init__(
            "file_must_be_clean",
            field="file",
            detail=f"{receipt.import_code}: {receipt.rejection_count} of {receipt.rows_received} rows break a rule;"
            f" the first is row {first.row}: {first.code} {first.value!r}",
        )
