"""Who buys."""

from __future__ import annotations

from django.db import models

from ratable_server.store.models.rows import Coded, Told


class Customer(Told, Coded):
    """A buyer."""

    name = models.TextField()

    class Meta(Coded.Meta):
        db_table = "customer"
