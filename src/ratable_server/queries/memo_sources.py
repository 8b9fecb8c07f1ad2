"""What lines of credit memos take back that the books filed of themselves, without an account of the register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ratable_server.actor import Actor
from ratable_server.queries.ledger_books import AccountKey
from ratable_server.queries.papers import Paper, PaperLine
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of

_FIXED = ("subscription", "milestone")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoSource:
    """The prepaid commit and the product of a line by their rows, None where there is none; `key` decides on its account."""

    prepaid_commit_id: int | None
    product_id: int | None
    key: AccountKey


class _Product(NamedTuple):
    id: int | None = None
    code: str = ""


class _Commit(NamedTuple):
    code: str
    product: _Product


def memo_sources(*, actor: Actor, memos: Sequence[Paper]) -> dict[int, MemoSource]:
    """What lines without an account take back, by their ids; in two statements, or none where all have one.

    That is revenue, or what was billed in advance; what was paid above an invoice is on the receivable.
    """
    lines = {line.id: line for memo in memos for line in memo.lines if line.further.get("account") is None}
    if not lines:
        return {}
    with books_of(actor):
        products, adjusted = _of_documents(actor, lines)
        ids = {id: adjusted.get(id, line.prepaid_commit_id) for id, line in lines.items()}
        commits = _commits(actor, {id for id in ids.values() if id is not None})
    return {
        id: _source(line, ids[id], commit=commits.get(ids[id] or 0), product=products[id]) for id, line in lines.items()
    }


def _of_documents(actor: Actor, lines: Mapping[int, PaperLine]) -> tuple[dict[int, _Product], dict[int, int]]:
    """By lines: what sells their subscription or milestone, and the prepaid commit that was adjusted: no target of its memo."""
    columns = [f"document__{source}__product__{column}" for source in _FIXED for column in ("id", "code")]
    told = rows_of(actor, models.PaperLine).filter(id__in=list(lines))
    products: dict[int, _Product] = {}
    adjusted: dict[int, int] = {}
    for id, commit_id, *of in told.values_list("id", "document__further__prepaid_commit", *columns):
        sellers = (_Product(*each) for each in (of[:2], of[2:]) if each[0] is not None)
        products[id] = next(sellers, _Product())
        if lines[id].against == "adjustment" and commit_id is not None:
            adjusted[id] = commit_id
    return products, adjusted


def _commits(actor: Actor, ids: set[int]) -> dict[int, _Commit]:
    rows = rows_of(actor, models.PrepaidCommit, with_deleted=True).filter(id__in=ids)
    told = rows.values_list("id", "code", "product_id", "product__code")
    return {id: _Commit(code, _Product(product_id, product or "")) for id, code, product_id, product in told}


def _source(line: PaperLine, commit_id: int | None, *, commit: _Commit | None, product: _Product) -> MemoSource:
    seller = product if commit is None else commit.product
    key = AccountKey(_role(line), seller.code, "" if commit is None else commit.code)
    return MemoSource(prepaid_commit_id=commit_id, product_id=seller.id, key=key)


def _role(line: PaperLine) -> str:
    if line.number is None:
        return "accounts_receivable"
    return "contract_liability" if line.against == "liability" else "revenue"
