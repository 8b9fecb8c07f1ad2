"""Usage in a case as rows of the calculation: single records, prepaid usage and files.

Owns which stream a record belongs to and the id of one that has none; its texts are read by `ratable.facts.usage_rows`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ratable.cases.records import PrepaidUsage, Usage, UsageFile
from ratable.cases.usage_files import texts_of
from ratable.facts.usage_rows import usage_row
from ratable.terms_tables import Row, addressed_stream, unaddressed_stream

_FILE_COLUMNS = ("id", "item", "used_on", "used_at", "quantity", "amount", "currency")


def row_of_usage(usage: Usage, number: int) -> Row:
    """One usage record of a case."""
    texts = {"used_on": usage.used_on, "used_at": usage.used_at, "quantity": usage.quantity, "amount": usage.amount}
    usage_id = usage.id or str(number)
    return usage_row(usage_id, usage.item, texts, currency=usage.currency, dimensions=dict(usage.dimensions))


def row_of_prepaid_usage(usage: PrepaidUsage, number: int, contract_of: dict[str, str]) -> Row:
    """Prepaid usage as a record on the stream of its commit, or of its contract."""
    commit_id, contract_id = usage.prepaid_commit, usage.contract
    if commit_id is not None:
        item_id = addressed_stream(commit_id) if commit_id in contract_of else commit_id
    else:
        item_id = unaddressed_stream(contract_id or "")
    texts = {"used_on": usage.used_on, "used_at": usage.used_at, "amount": usage.amount}
    dimensions = {"events": str(usage.events)} if usage.events else {}
    return usage_row(usage.id or str(number), item_id, texts, currency=usage.currency, dimensions=dimensions)


def rows_of_file(file: UsageFile, number: int) -> Iterator[Row]:
    """The records of a usage file, numbered from 1; a row without an id is `<entry>.<row>`."""
    for place, record in enumerate(texts_of(file.path), start=1):
        further = {name: text for name, text in record.items() if name not in _FILE_COLUMNS and text is not None}
        usage_id, item_id = record.get("id") or f"{number}.{place}", record.get("item") or file.item or ""
        yield usage_row(usage_id, item_id, record, currency=record.get("currency"), dimensions=further, row=place)
