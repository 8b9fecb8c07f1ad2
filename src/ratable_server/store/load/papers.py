"""Numbers of invoices and credit memos."""

from __future__ import annotations

from ratable_server.actor import Actor
from ratable_server.store.models import Paper
from ratable_server.store.scope import rows_of

_PREFIXES = {"invoice": "INV", "credit_memo": "CM"}


def next_number(actor: Actor, kind: str) -> str:
    """The number of the next paper of a kind, one above the highest there ever was: INV-0000001, CM-0000001.

    It stays free for who holds the tenant.
    """
    prefix = _PREFIXES[kind]
    rows = rows_of(actor, Paper, with_deleted=True).filter(kind=kind, code__regex=rf"^{prefix}-[0-9]{{7}}$")
    last = rows.order_by("-code").values_list("code", flat=True).first()
    return f"{prefix}-{int(last.removeprefix(f'{prefix}-')) + 1 if last else 1:07}"
