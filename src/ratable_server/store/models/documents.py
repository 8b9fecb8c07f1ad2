"""Invoices, payments and credit memos: what revenue needs of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q, UniqueConstraint

from ratable_server.store.fields import CodeField, FurtherField, MonthField
from ratable_server.store.models.rows import Fact, link, one_of

DOCUMENT_KINDS = ("invoice", "payment", "credit_memo")
CREDITED = ("revenue", "liability", "adjustment")


class Document(Fact):
    """One document; a credit memo goes `against` revenue or liability, others have no such side.

    One against an adjustment tells what that has booked already, and books nothing itself. An invoice that names none of
    its sources, usage neither, clears what is unbilled, the oldest first.
    """

    code = CodeField()
    kind = models.TextField()
    contract = link("Contract")
    amount_minor = models.BigIntegerField()
    prepaid_commit = link("PrepaidCommit", optional=True, is_indexed=False)
    subscription = link("Subscription", optional=True, is_indexed=False)
    milestone = link("Milestone", optional=True, is_indexed=False)
    is_of_usage = models.BooleanField(default=False, db_default=False)
    against = models.TextField(default="", blank=True)
    service_on = MonthField(null=True, blank=True)
    on = models.DateField()
    booked_on = MonthField()
    further = FurtherField()

    class Meta(Fact.Meta):
        db_table = "document"
        constraints: ClassVar = [
            *Fact.Meta.constraints,
            UniqueConstraint(fields=["tenant", "kind", "code"], name="document_code"),
            one_of("document_kind", "kind", DOCUMENT_KINDS),
            models.CheckConstraint(
                condition=Q(kind="credit_memo", against__in=CREDITED) | (~Q(kind="credit_memo") & Q(against="")),
                name="document_against",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0) | Q(kind="payment", amount_minor__lt=0),
                name="document_amount_must_be_positive",
            ),
            models.CheckConstraint(
                condition=Q(is_of_usage=False)
                | Q(kind="invoice", prepaid_commit=None, subscription=None, milestone=None),
                name="document_is_of_one_source",
            ),
        ]


class DocumentVoid(Fact):
    """Takes a document back, on a day: in the month that booked it as if it had never been, later by entries of its own."""

    document = link("Document")
    reason = models.TextField(default="", blank=True)
    on = models.DateField()
    booked_on = MonthField()

    class Meta(Fact.Meta):
        db_table = "document_void"


class DocumentReopening(Fact):
    """Takes a void back that is not posted yet: the document stands again."""

    void = link("DocumentVoid")
    booked_on = MonthField()

    class Meta(Fact.Meta):
        db_table = "document_reopening"
        constraints: ClassVar = [
            *Fact.Meta.constraints,
            UniqueConstraint(fields=["tenant", "void"], name="document_reopening_of_void"),
        ]
