"""Events for webhooks: what is to be told to whom, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from ratable_server.store.fields import FurtherField
from ratable_server.store.models.rows import TenantRow, link, one_of

EVENT_STATUSES = ("pending", "delivered", "failed")


class WebhookEvent(TenantRow):
    """One change for one webhook, written in the transaction of the change.

    `object` is what has changed; `due_at` when it is tried next; `tries` what came of each try.
    """

    webhook = link("RegisterEntry")
    topic = models.TextField()
    object = FurtherField()
    created_at = models.DateTimeField()
    status = models.TextField(default="pending")
    due_at = models.DateTimeField()
    tries = models.JSONField(default=list)

    class Meta(TenantRow.Meta):
        db_table = "webhook_event"
        constraints: ClassVar = [one_of("webhook_event_status", "status", EVENT_STATUSES)]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(status="pending"), name="webhook_event_due"),
        ]
