"""A key of a request says first of which API it is, so that no key that a caller can think of meets one of another API.

Until now keys of the native API and of Campfire's were kept as they came, and some began as those of Zuora's are kept. Of
which API a key is, its route says. What was answered under it is told again as before.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations

_TELL: list[Any] = [  # the owner writes over all tenants: row-level security is not forced on it while this runs
    "ALTER TABLE idempotency_key NO FORCE ROW LEVEL SECURITY",
    # First behind a letter that no key has: a key may be on its way to what another one is now.
    """
    UPDATE idempotency_key SET key = chr(1) || CASE
        WHEN route = 'action/query' THEN regexp_replace(key, '^zuora-query ', 'zuora-query:')
        WHEN starts_with(split_part(route, ' ', 2), '/api/') THEN 'native:' || key
        ELSE 'campfire:' || key
    END
    WHERE split_part(route, ' ', 2) !~ '^/(v1|oauth)'
    """,
    "UPDATE idempotency_key SET key = substr(key, 2) WHERE starts_with(key, chr(1))",
    "ALTER TABLE idempotency_key FORCE ROW LEVEL SECURITY",
]


class Migration(migrations.Migration):
    """Keys are kept anew."""

    dependencies: ClassVar = [("store", "0038_tenants")]

    operations: ClassVar = [migrations.RunSQL(_TELL)]
