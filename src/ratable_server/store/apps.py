"""The Django app of the books."""

from __future__ import annotations

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """One app for all models, so that foreign keys and migrations have one order."""

    name = "ratable_server.store"
    label = "store"
    default_auto_field = "django.db.models.BigAutoField"
