"""Invoices and credit memos as a customer has them, and what settles them: their lines are documents of the books."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q, UniqueConstraint

from ratable_server.store.fields import CodeField
from ratable_server.store.models.rows import Guard, Target, TenantRow, Told, link, one_of

PAPER_KINDS = ("invoice", "credit_memo")
PAPER_STAGES = ("draft", "open", "sent", "uncollectible")
ITS_OWN = ~Q(external_id="") & Q(voided_on=None, deleted_at=None)  # an id of another system stands once


class Paper(Told, Target):
    """One invoice or credit memo under its number: what it comes to, tax with it, and how much of that is settled."""

    guard: ClassVar[Guard] = "kept"

    kind = models.TextField()
    code = CodeField()
    contract = link("Contract")
    stage = models.TextField(default="open")
    on = models.DateField()
    due_on = models.DateField(null=True, blank=True)
    total_minor = models.BigIntegerField(default=0)
    settled_minor = models.BigIntegerField(default=0)
    settled_on = models.DateField(null=True, blank=True)
    voided_on = models.DateField(null=True, blank=True)

    class Meta(Target.Meta):
        db_table = "paper"
        constraints: ClassVar = [
            *Target.Meta.constraints,
            UniqueConstraint(fields=["tenant", "kind", "code"], condition=Q(deleted_at=None), name="paper_code"),
            one_of("paper_kind", "kind", PAPER_KINDS),
            one_of("paper_stage", "stage", PAPER_STAGES),
            models.CheckConstraint(
                condition=Q(settled_minor__gte=0, settled_minor__lte=F("total_minor")), name="paper_settled"
            ),
        ]


class PaperLine(Told, TenantRow):
    """One line; lines of one paper that are of the same source are one document. A draft has none yet."""

    guard: ClassVar[Guard] = "kept"

    paper = link("Paper")
    document = link("Document", optional=True)
    place = models.IntegerField()
    amount_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(default=0)

    class Meta(TenantRow.Meta):
        db_table = "paper_line"


class Settlement(Told, Target):
    """What settles an invoice: money, or a credit memo. Without an invoice it is money that pays a credit memo out."""

    guard: ClassVar[Guard] = "kept"

    invoice = link("Paper", optional=True)
    credit_memo = link("Paper", optional=True)
    document = link("Document", optional=True)
    amount_minor = models.BigIntegerField()
    on = models.DateField()
    external_id = models.TextField(default="", blank=True)
    voided_on = models.DateField(null=True, blank=True)

    class Meta(Target.Meta):
        db_table = "settlement"
        constraints: ClassVar = [
            *Target.Meta.constraints,
            UniqueConstraint(fields=["tenant", "external_id"], condition=ITS_OWN, name="settlement_code"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="settlement_amount_must_be_positive"),
        ]
