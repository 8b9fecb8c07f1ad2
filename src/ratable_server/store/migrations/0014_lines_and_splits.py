"""Subscriptions with lines and a proration of their own; they and milestones with their split over products.

The register has what a contract calls a bundle, and what is told of revenue beside what is computed.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q

from ratable_server.store.at_once import AtOnce

_PRORATIONS = ("", "daily", "standard", "thirty_day")
_KINDS = (
    "entity", "account", "department", "tag", "tag_group", "default_accounts", "webhook", "vendor_custom_field",
    "contract_bundle", "revenue_note",
)  # fmt: skip


def _listed() -> models.JSONField:
    return models.JSONField(default=list, db_default=[])


class Migration(migrations.Migration):
    """Columns of terms, and two more kinds."""

    dependencies: ClassVar = [("store", "0013_usage_by_number")]

    operations: ClassVar = [
        AtOnce(
            [
                migrations.AddField("subscription", "lines", _listed()),
                migrations.AddField("subscription", "allocation", _listed()),
                migrations.AddField("milestone", "allocation", _listed()),
                migrations.AddField("subscription", "catches_up_on", models.DateField(null=True, blank=True)),
                migrations.AddField(
                    "subscription", "proration", models.TextField(default="", db_default="", blank=True)
                ),
            ]
        ),
        migrations.AddConstraint(
            "subscription",
            models.CheckConstraint(condition=Q(proration__in=_PRORATIONS), name="subscription_proration"),
        ),
        migrations.RemoveConstraint("registerentry", "register_entry_kind"),
        migrations.AddConstraint(
            "registerentry", models.CheckConstraint(condition=Q(kind__in=_KINDS), name="register_entry_kind")
        ),
    ]
