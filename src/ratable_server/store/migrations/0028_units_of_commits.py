"""Prepaid commits may be pools of units, which items draw at a rate and top-ups fill in units."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

from ratable_server.store.fields import ExactField


def _exact() -> ExactField:
    return ExactField(blank=True, decimal_places=12, max_digits=38, null=True)


def _text() -> models.TextField[str, str]:
    return models.TextField(blank=True, db_default="", default="")


class Migration(migrations.Migration):
    """Columns, empty for everything there is."""

    dependencies: ClassVar = [("store", "0030_last_receipt")]

    operations: ClassVar = [
        migrations.AddField("prepaidcommit", "units", _exact()),
        migrations.AddField("prepaidcommit", "unit_of_measure", _text()),
        migrations.AddField("usageitem", "drawdown_rate", _exact()),
        migrations.AddField("usageitem", "drawdown_unit", _text()),
        migrations.AddField("topup", "units", _exact()),
    ]
