"""A receipt says whether its rows came as requests of their own, which a price plan that looks at uploads has to know.

Before, it was read from the blanks between the ids of requests; receipts of then are told by that once more.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models

_TELL: list[Any] = [  # the owner writes over all tenants: row-level security is not forced on it while this runs
    "ALTER TABLE usage_import NO FORCE ROW LEVEL SECURITY",
    "UPDATE usage_import SET is_turn = true WHERE request_id LIKE '% %'",
    "ALTER TABLE usage_import FORCE ROW LEVEL SECURITY",
]


class Migration(migrations.Migration):
    """The column, and what it is for the receipts that are there."""

    dependencies: ClassVar = [("store", "0032_keys_of_requests")]

    operations: ClassVar = [
        migrations.AddField("usageimport", "is_turn", models.BooleanField(db_default=False, default=False)),
        migrations.RunSQL(_TELL),
    ]
