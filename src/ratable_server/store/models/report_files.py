"""Files of reported usage: taken at once, imported later by a worker, whole or not at all."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q, UniqueConstraint

from ratable_server.store.models.rows import Guard, Target, one_of

FILE_STATUSES = ("pending", "processing", "completed", "failed")
UNDER_WAY = ("pending", "processing")


class ReportFile(Target):
    """A file that waits to be imported, or what became of it; its content goes when that is known.

    `import_id` is the row that its receipt has from then on. `dates` is how its columns write days. `tries` counts the
    workers that began it: one that dies leaves it to the next one.
    """

    guard: ClassVar[Guard] = "kept"

    import_id = models.BigIntegerField()
    file_name = models.TextField(default="", blank=True)
    name = models.TextField(default="", blank=True)
    content = models.BinaryField(default=b"")
    size = models.BigIntegerField()
    md5 = models.TextField()
    dates = models.TextField()
    status = models.TextField(default="pending")
    tries = models.IntegerField(default=0)
    message = models.TextField(default="", blank=True)
    rows_total = models.BigIntegerField(default=0)
    rows_imported = models.BigIntegerField(default=0)
    recorded_at = models.DateTimeField()
    recorded_by = models.TextField()
    request_id = models.TextField()
    changed_at = models.DateTimeField()

    class Meta(Target.Meta):
        db_table = "report_file"
        constraints: ClassVar = [
            *Target.Meta.constraints,
            UniqueConstraint(fields=["tenant", "import_id"], name="report_file_import"),
            one_of("report_file_status", "status", FILE_STATUSES),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "id"], condition=Q(status__in=UNDER_WAY), name="report_file_under_way"),
        ]
