"""A credit memo may be that of an adjustment: the adjustment has booked it, the memo tells the customer."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q

_SIDES = ("revenue", "liability", "adjustment")


class Migration(migrations.Migration):
    """The sides that a credit memo can go against."""

    dependencies: ClassVar = [("store", "0015_reported_adjustments")]

    operations: ClassVar = [
        migrations.RemoveConstraint("document", "document_against"),
        migrations.AddConstraint(
            "document",
            models.CheckConstraint(
                condition=Q(kind="credit_memo", against__in=_SIDES) | (~Q(kind="credit_memo") & Q(against="")),
                name="document_against",
            ),
        ),
    ]
