"""What of the catalogue a writer names is kept for him until he commits: nobody takes it away meanwhile.

Products before bundles, of each the one whose row came first, and all of them before any month or contract. Who keeps them
lets others name them too, and lets prices change. Who takes one away, or changes what lines are judged by, takes it for
himself alone (`FOR UPDATE`): he waits for who keeps it, and sees then what was agreed; who comes after him finds what is left.
"""

from __future__ import annotations

from collections.abc import Iterator

from ratable_server.actor import Actor
from ratable_server.store.load.offered import Names
from ratable_server.store.prepared import Asked, rows_of_each

_KEEP = """
SELECT id FROM {table} WHERE tenant_id = %(tenant)s AND code = ANY(%(codes)s) AND deleted_at IS NULL
ORDER BY id FOR KEY SHARE
"""
_PRODUCTS, _BUNDLES = (_KEEP.format(table=table) for table in ("product", "product_bundle"))


def keeping_sold(actor: Actor, names: Names) -> list[Asked]:
    """The statements that keep what is named, as far as it is there; for the first trip of who names it.

    What they name is read after them: by a statement that sees what was done while they waited.
    """
    return list(_asked(actor, names))


def keep_sold(actor: Actor, names: Names) -> None:
    """The same at once, in a transaction that is open, and holds nothing yet."""
    asked = keeping_sold(actor, names)
    if asked:
        rows_of_each(*asked)


def _asked(actor: Actor, names: Names) -> Iterator[Asked]:
    for statement, codes in ((_PRODUCTS, names.products), (_BUNDLES, names.bundles)):
        if codes:
            yield statement, {"tenant": actor.tenant_id, "codes": sorted(codes)}
