"""What every change has in common: who may make it, its transaction, what the database refuses told by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
from django.db import IntegrityError

from ratable.price_plans import Refusal
from ratable_server.actor import Actor, Role
from ratable_server.errors import Refused
from ratable_server.operations.register_links import Thing, keeping_things, refuse_gone
from ratable_server.store.prepared import Asked, Rows
from ratable_server.store.scope import books_of

_SAME = ("amount_must_fit_currency", "period_must_be_open")
_UNIQUE = (
    "_code_of_tenant", "usage_group_code", "subscription_code", "milestone_code", "document_code", "adjustment_code",
    "register_entry_code", "paper_code", "settlement_code",
)  # fmt: skip


@contextmanager
def changes_by(
    actor: Actor, role: Role = "preparer", *, names: Collection[Thing] = (), first: Sequence[Asked] = ()
) -> Iterator[list[Rows]]:
    """The books of the actor's tenant, for who may change them; several writers may ask for the same code at once.

    What it `names` of the register is kept there. The rows of statements that are asked `first`, in the trip that opens the
    books, are given.

    Refuses:
        role_must_allow_it, code_must_be_known (something that it names was removed), code_must_be_unused, contract_must_not_be_terminated, amount_must_fit_currency,
        dates_must_ascend, period_must_be_open
    """
    if not actor.may_act_as(role):
        raise Refused("role_must_allow_it", field="role", detail=f"needs {role}, is {actor.role}")
    try:
        keeping = keeping_things(actor, names)
        with books_of(actor, first=(*keeping, *first)) as found:
            refuse_gone(found[: len(keeping)])
            yield found[len(keeping) :]
    except IntegrityError as error:
        code, table = _named(error)
        if code is None:
            raise
        raise Refused(code, field=table) from error


def refuse(code: str | None, *, field: str = "", detail: str = "") -> None:
    """Go on, unless a rule is broken.

    Raises:
        Refused: `code` is that rule.
    """
    if code is not None:
        raise Refused(code, field=field, detail=detail)


def refuse_terms(refusals: Iterable[Refusal]) -> None:
    """Go on, unless a term cannot be; the first one is told."""
    for refusal in refusals:
        raise Refused(refusal.code, field=f"{refusal.kind} {refusal.id}", detail=refusal.detail)


def _named(error: IntegrityError) -> tuple[str | None, str]:
    """The refusal that a broken constraint stands for, and its table; None: it stands for a fault of ours."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error):
        return None, ""
    constraint, table = cause.diag.constraint_name or "", cause.diag.table_name or ""
    if constraint in _SAME:
        return constraint, table
    if constraint == "termination_of_contract":
        return "contract_must_not_be_terminated", table
    if constraint.endswith("dates_must_ascend"):
        return "dates_must_ascend", table
    return ("code_must_be_unused" if constraint.endswith(_UNIQUE) else None), table
