"""Of which entity each line of the ledger is: its own, else that of its entry, of its document, of its contract.

Owns that order; what is told of a line and what a statement of an entity sums both come from here. A void and a reversal
are of the entity of what they take back, a payment of that of the invoice or the credit memo that it pays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ratable.facts.documents import entry_id
from ratable_server.actor import Actor
from ratable_server.store import models
from ratable_server.store.scope import moment_of, rows_of

ENTITY = "entity"
_VOID = r"/void/[0-9]+$"
_NUMBER = re.compile(r"/([0-9]+)$", re.ASCII)
_Coded = Iterable[tuple[str, Any]]


def with_entities(
    actor: Actor, rows: pa.Table, written: Mapping[str, models.WrittenEntry], *, is_page: bool = False
) -> pa.Table:
    """Lines of the ledger with a column `entity`: an id of the register, null where nobody has said one.

    In a constant number of statements. Of a page only the documents are looked up that it names.
    """
    entries = sorted(set(pc.unique(rows["entry_id"]).to_pylist())) if is_page else None
    with moment_of(actor):
        contracts = _ids(_of_contracts(actor, pc.unique(rows["contract_id"]).to_pylist() if is_page else None))
        computed = _of_computed(actor, entries, _of_postings(written))
    own = _looked_up(_ids(_of_lines(written)), pc.binary_join_element_wise(rows["entry_id"], rows["item_id"], "/"))
    entry = _looked_up(_ids(_of_entries(written)), rows["shown_id"])
    document = _looked_up(computed, pc.replace_substring_regex(rows["entry_id"], _VOID, ""))
    told = pc.coalesce(own, entry, document, _looked_up(contracts, rows["contract_id"]))
    return rows.append_column(ENTITY, told)


def _looked_up(ids: Mapping[str, int], keys: Any) -> Any:
    place = pc.index_in(keys, value_set=pa.array(list(ids), pa.string()))
    return pa.array(list(ids.values()), pa.int64()).take(place)


def _ids(told: _Coded) -> dict[str, int]:
    """Those that are said; a code that comes twice has the first."""
    found: dict[str, int] = {}
    for code, id in told:
        if isinstance(id, int) and not isinstance(id, bool):
            found.setdefault(code, id)
    return found


def _of_lines(written: Mapping[str, models.WrittenEntry]) -> Iterator[tuple[str, Any]]:
    for code, entry in written.items():
        for place, line in enumerate(entry.lines):
            yield f"{code}/{place:05}", line["further"].get(ENTITY)


def _of_entries(written: Mapping[str, models.WrittenEntry]) -> Iterator[tuple[str, Any]]:
    return ((code, entry.further.get(ENTITY)) for code, entry in written.items())


def _of_postings(written: Mapping[str, models.WrittenEntry]) -> dict[str, int]:
    """What entries that post computed ones say of these, by their codes."""
    return _ids((posted, entry.further.get(ENTITY)) for entry in written.values() for posted in entry.posts)


def _of_contracts(actor: Actor, codes: list[str] | None) -> _Coded:
    rows = rows_of(actor, models.Contract, with_deleted=True).filter(further__has_key=ENTITY)
    return (rows if codes is None else rows.filter(code__in=codes)).values_list("code", f"further__{ENTITY}")


def _of_computed(actor: Actor, entries: list[str] | None, postings: Mapping[str, int]) -> dict[str, int]:
    """The entities of documents and of reversals, by the codes of their entries; of all, or of these."""
    reversed_by = dict(_reversals(actor))
    origins = {code: _origin(code, reversed_by) for code in (reversed_by if entries is None else entries)}
    numbers = None if entries is None else _numbers(origins.values())
    documents = _ids([*_of_papers(actor, numbers), *_of_payments(actor, numbers)])
    told = (
        (code, postings.get(of, documents.get(_of_void(of)))) for code, of in origins.items() if code in reversed_by
    )
    return {**documents, **_ids(told)}


def _origin(code: str, reversed_by: Mapping[str, str]) -> str:
    """The entry that a reversal takes back, a reversal of a reversal the same; any other one is its own."""
    while code in reversed_by:
        code = reversed_by[code]
    return code


def _of_void(code: str) -> str:
    return re.sub(_VOID, "", code)


def _numbers(entries: Iterable[str]) -> set[int]:
    """The numbers of the facts that entries are of."""
    found = (_NUMBER.search(_of_void(code)) for code in entries)
    return {int(each[1]) for each in found if each is not None}


def _reversals(actor: Actor) -> Iterator[tuple[str, str]]:
    for contract, number, of in rows_of(actor, models.JournalReversal).values_list(
        "contract__code", "number", "entry_code"
    ):
        yield entry_id(contract, "reversal", number), of


def _of_papers(actor: Actor, numbers: set[int] | None) -> Iterator[tuple[str, Any]]:
    rows = rows_of(actor, models.PaperLine, with_deleted=True).filter(paper__further__has_key=ENTITY)
    rows = rows.filter(document__isnull=False) if numbers is None else rows.filter(document__number__in=numbers)
    columns = ("document__contract__code", "document__kind", "document__against", "document__number")
    for contract, kind, against, number, entity in rows.values_list(*columns, f"paper__further__{ENTITY}"):
        yield entry_id(contract, "adjustment" if against == "revenue" else kind, number), entity


def _of_payments(actor: Actor, numbers: set[int] | None) -> Iterator[tuple[str, Any]]:
    rows = rows_of(actor, models.Settlement, with_deleted=True)
    rows = rows.filter(document__isnull=False) if numbers is None else rows.filter(document__number__in=numbers)
    columns = ("document__contract__code", "document__kind", "document__number")
    papers = (f"invoice__further__{ENTITY}", f"credit_memo__further__{ENTITY}")
    for contract, kind, number, of_invoice, of_memo in rows.values_list(*columns, *papers):
        yield entry_id(contract, kind, number), of_invoice or of_memo
