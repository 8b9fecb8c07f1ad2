"""Price plans with rating options, tiers with limits: what was agreed before has none of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q

from ratable_server.store.at_once import AtOnce
from ratable_server.store.fields import ExactField

_WORDS = {
    "rating_group": ("month", "day", "record", "upload", "dimension"),
    "aggregation": ("sum", "highest_day", "maximum", "last"),
    "quantity_rounding": ("half_up", "half_even", "up", "down"),
}


def _word(default: str) -> models.TextField[str, str]:
    return models.TextField(default=default, db_default=default)


def _name() -> models.TextField[str, str]:
    return models.TextField(blank=True, default="", db_default="")


def _number() -> ExactField:
    return ExactField(blank=True, null=True)


class Migration(migrations.Migration):
    """Columns of two tables of terms, and the words that may stand in them."""

    dependencies: ClassVar = [("store", "0031_report_files")]

    operations: ClassVar = [
        AtOnce(
            [
                *(migrations.AddField("usagegroup", name, _word(words[0])) for name, words in _WORDS.items()),
                *(
                    migrations.AddField("usagegroup", name, _name())
                    for name in ("group_dimension", "price_dimension", "amount_dimension")
                ),
                *(migrations.AddField("usagegroup", name, _number()) for name in ("overage_price", "maximum_amount")),
                migrations.AddField(
                    "usagegroup", "rated_individually", models.BooleanField(default=False, db_default=False)
                ),
                migrations.AddField("usagegroup", "quantity_decimals", models.IntegerField(blank=True, null=True)),
                *(migrations.AddField("tier", name, _number()) for name in ("minimum_amount", "maximum_amount")),
            ]
        ),
        *(
            migrations.AddConstraint(
                "usagegroup",
                models.CheckConstraint(condition=Q(**{f"{name}__in": words}), name=f"usage_group_{name}"),
            )
            for name, words in _WORDS.items()
        ),
    ]
