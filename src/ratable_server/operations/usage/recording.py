"""Usage that comes as a handful of records, not as a file: the same way, without a row of its own before the end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.usage.imports import Begun, next_import_id
from ratable_server.operations.usage.receipts import Receipt
from ratable_server.operations.usage.settling import Wish, take
from ratable_server.operations.usage.uploads import OnChange
from ratable_server.store.retrying import retried
from ratable_server.store.staging.ndjson_rows import rows_of_records
from ratable_server.store.staging.texts import opened_texts


@retried
def record_usage(
    *,
    actor: Actor,
    records: Sequence[Mapping[str, object]],
    at: datetime,
    is_partial: bool = False,
    on_change: OnChange = "reject",
    takes_late: bool = True,
) -> Receipt:
    """Take records of usage into the books, all of them or none, and give their receipt.

    A record has the columns of a file: id, item (or prepaid_commit, or contract), used_on or used_at, quantity or
    amount, currency; whatever else it has is a dimension. Numbers are decimals, whole numbers or texts. One without
    an id is new each time; its id is the code of the receipt and its place, as in `import-17.1`. Without `takes_late`
    usage of a closed month is rejected, whatever the policy says.

    Refuses:
        role_must_allow_it, file_must_be_readable (nothing is kept), file_must_be_clean (as `RejectedFile`)

    Rejects:
        row by row, every code of `ratable.errors.REJECTIONS`, the first that applies in that order
    """
    if not actor.may_act_as("preparer"):
        raise Refused("role_must_allow_it", field="role", detail="a preparer records usage")
    rows = list(rows_of_records(records, None))
    begun = Begun(
        actor=actor,
        at=at,
        import_id=next_import_id(),
        file_name="",
        sha256=hashlib.sha256(json.dumps(rows).encode()).hexdigest(),
        is_partial=is_partial,
        is_kept=False,
    )
    with opened_texts() as texts:
        texts.add_rows(rows)
        return take(begun, Wish(item=None, prefix=f"{begun.code}.", on_change=on_change, takes_late=takes_late), texts)
