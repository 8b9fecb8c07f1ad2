"""What names a thing of the register: terms, documents, other things of the register.

Owns which fields hold ids of which kind. They are kept beside the terms, so that no foreign key watches over them: who names a
thing keeps it until he commits (`FOR KEY SHARE`), before he holds anything else, and who removes it takes it for himself alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.kept import Besides, Further
from ratable_server.store import models
from ratable_server.store.locks import hold_contract_rows
from ratable_server.store.prepared import Asked, Rows, rows_of_each
from ratable_server.store.scope import rows_of

_ACCOUNT_ROLES = """
    uncategorized accounts_payable accounts_receivable deferred_revenue accrued_revenue unrealized_gain_loss
    realized_gain_loss rounding_account unapplied_credits unapplied_debits unbilled_revenue default_clearing
    discount_account accrued_discount_account unbilled_discount_account refund_account processing_fees platform_fees
    deferred_processing_fees tax_account payout_account cta_account oci_translation_account fixed_asset_disposal
    bad_debt_account dispute_expense_account dispute_reinstatement_account
"""
DEFAULT_ACCOUNT_FIELDS = tuple(_ACCOUNT_ROLES.split())

_SOLD: tuple[Any, ...] = (models.Product, models.ProductBundle, models.Customer)
# What stands on a contract, with the way to it.
_ON_CONTRACTS: dict[Any, tuple[str, ...]] = {
    models.Contract: ("id",),
    **dict.fromkeys(
        (models.Milestone, models.PrepaidCommit, models.Subscription, models.UsageItem, models.Paper), ("contract_id",)
    ),
    models.PaperLine: ("paper__contract_id",),
    models.Settlement: ("invoice__contract_id", "credit_memo__contract_id"),
}
_TOLD = (*_SOLD, *_ON_CONTRACTS, models.RegisterEntry)
_FACTS: tuple[Any, ...] = (models.Document, models.WrittenEntry)  # never changed

# Fields of anything, and of lines within it, that hold an id of the kind, or a list of them.
_ONE: dict[str, tuple[str, ...]] = {
    "entity": ("entity", "primary_entity", "elimination_entity"),
    "department": ("department", "default_department"),
    "account": (
        *("account", "credit_account", "revenue_account", "invoice_account", "ar_account", "invoice_unbilled_account"),
        *("bad_debt_account", "parent_bank_account"),
    ),
    "tag_group": ("group",),
    "vendor_custom_field": ("vendor_custom_field_1",),
}
_MANY: dict[str, tuple[str, ...]] = {"tag": ("tag_ids", "default_tags"), "tag_group": ("tag_group_ids",)}


# What other things of the register name by fields of their own: by the kind that names, fields and the kind that they name.
_OF_REGISTER = {"default_accounts": dict.fromkeys(DEFAULT_ACCOUNT_FIELDS, "account")}
_KIND_OF = {field: kind for kinds in (_ONE, _MANY) for kind, fields in kinds.items() for field in fields}
NAMED_KINDS = frozenset(_KIND_OF.values())
"""Kinds of things that something else than a thing of their own kind may name."""
_MOST_ID = 2**63
_UNWATCHED = {"usage_group", "tier", "tier_price_override"}  # no removal looks at what is kept beside these
_KEEP = """
SELECT kind, id, deleted_at FROM register_entry
WHERE tenant_id = %(tenant)s AND (kind, id) IN (SELECT * FROM unnest(%(kinds)s::text[], %(ids)s::bigint[])) ORDER BY id FOR KEY SHARE
"""


class Thing(NamedTuple):
    """A thing of the register: its kind and the id of its row."""

    kind: str
    id: int


def things_in(*furthers: Further | None, kind: str = "") -> frozenset[Thing]:
    """What further fields name, by themselves or in their lines; `kind` is that of whose they are, of the register."""
    own = {"parent": kind, **_OF_REGISTER.get(kind, {})} if kind else {}
    fields = {**_KIND_OF, **own}
    return frozenset(
        Thing(fields[name], each)
        for further in furthers
        for said in _with_lines(further or {})
        for name in said.keys() & fields.keys()
        for each in (said[name] if isinstance(said[name], list) else [said[name]])
        if isinstance(each, int) and not isinstance(each, bool)
    )


def things_beside(beside: Besides) -> frozenset[Thing]:
    """The same of all that is kept beside terms."""
    return things_in(*(each.further for (kind, *_), each in beside.items() if kind not in _UNWATCHED))


def keeping_things(actor: Actor, things: Collection[Thing]) -> list[Asked]:
    """The statement that keeps these things, where there are any."""
    each = sorted(thing for thing in things if 0 < thing.id < _MOST_ID)
    if not each:
        return []
    return [(_KEEP, {"tenant": actor.tenant_id, "kinds": [kind for kind, _ in each], "ids": [id for _, id in each]})]


def refuse_gone(kept: Iterable[Rows], *, but: Collection[Thing] = ()) -> None:
    """Go on, unless one of the things that were kept was removed; `but` are those that were named before.

    Refuses:
        code_must_be_known
    """
    for kind, row_id, deleted_at in (row for rows in kept for row in rows):
        if deleted_at is not None and (kind, row_id) not in but:
            raise Refused("code_must_be_known", field=kind, detail=f"{row_id} was removed")


def keep_things(actor: Actor, things: Collection[Thing]) -> None:
    """Keep these things, in a transaction that is open, and holds nothing yet.

    Refuses:
        code_must_be_known (one was removed)
    """
    keeping = keeping_things(actor, things)
    if keeping:
        refuse_gone(rows_of_each(*keeping))


def is_named(actor: Actor, thing: Thing) -> bool:
    """Does anything name this thing?"""
    return any(rows.exists() for rows in _naming(actor, thing, (*_TOLD, *_FACTS)))


def give_instead(actor: Actor, thing: Thing, instead: int, *, at: datetime) -> None:
    """Name another thing of the kind wherever this one is named; what never changes goes on naming it.

    Refuses:
        code_must_be_known (a thing is no substitute for itself)
    """
    if thing.id == instead:
        raise Refused("code_must_be_known", field=thing.kind, detail="a thing cannot stand in for itself")
    _rename(actor, thing, instead, among=_SOLD, at=at)
    hold_contract_rows(actor, _contracts_naming(actor, thing))
    _rename(actor, thing, instead, among=(*_ON_CONTRACTS, models.RegisterEntry), at=at)


def _contracts_naming(actor: Actor, thing: Thing) -> set[int]:
    """The contracts on which something names this thing: who changes it holds its contract."""
    found: set[int] = set()
    for rows in _naming(actor, thing, tuple(_ON_CONTRACTS)):
        for way in _ON_CONTRACTS[rows.model]:
            found.update(rows.exclude(**{way: None}).values_list(way, flat=True))
    return found


def _rename(actor: Actor, thing: Thing, instead: int, *, among: tuple[Any, ...], at: datetime) -> None:
    for rows in _naming(actor, thing, among):
        for row in rows.select_for_update(no_key=True).order_by("id"):
            is_below = isinstance(row, models.RegisterEntry) and row.kind == thing.kind
            fields = {*_ONE.get(thing.kind, ()), *_MANY.get(thing.kind, ()), *(["parent"] if is_below else [])}
            row.further = _renamed(row.further, fields, (thing.id, instead))
            row.modified_at = at
            row.save()


def _naming(actor: Actor, thing: Thing, among: tuple[Any, ...]) -> Iterator[QuerySet[Any]]:
    kind, row_id = thing
    named = [{field: row_id} for field in _ONE.get(kind, ())] + [{field: [row_id]} for field in _MANY.get(kind, ())]
    anywhere = Q()
    for each in named:
        anywhere |= Q(further__contains=each) | Q(further__contains={"lines": [each]})
    for model in among:
        rows = rows_of(actor, model)
        if model is models.WrittenEntry:
            of_lines = [{"further": each} for each in named] + ([{"account": row_id}] if kind == "account" else [])
            yield from (rows.filter(lines__contains=[each]) for each in of_lines)
        if model is not models.RegisterEntry:
            yield from [rows.filter(anywhere)] if named else []
            continue
        own = Q(kind=kind) & Q(further__contains={"parent": row_id})
        if kind == "account":
            for field in DEFAULT_ACCOUNT_FIELDS:
                own |= Q(kind="default_accounts") & Q(further__contains={field: row_id})
        yield rows.filter((anywhere | own) if named else own)


def _with_lines(further: Further) -> Iterator[Further]:
    yield further
    lines = further.get("lines")
    if isinstance(lines, list):
        yield from (line for line in lines if isinstance(line, dict))


def _renamed(said: Any, fields: set[str], ids: tuple[int, int]) -> Any:
    """What was told, with the other id wherever the first one stood in one of these fields."""
    match said:
        case dict():
            return {name: _other(value, ids) if name in fields else _renamed(value, fields, ids)
                    for name, value in said.items()}  # fmt: skip
        case list():
            return [_renamed(each, fields, ids) for each in said]
    return said


def _other(value: Any, ids: tuple[int, int]) -> Any:
    """The other id in place of the first one, in a list of ids once."""
    was, now = ids
    if isinstance(value, list):
        return list(dict.fromkeys(now if each == was else each for each in value))
    return now if value == was else value
