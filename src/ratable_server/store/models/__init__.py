"""All models, cut by noun; each file owns one word of the dictionary."""

from __future__ import annotations

from ratable_server.store.models.amendments import (
    Adjustment,
    AllocationChange,
    BreakageEstimate,
    ReportedAdjustment,
    Termination,
    TopUp,
)
from ratable_server.store.models.audit import AuditEntry, AuditSeal
from ratable_server.store.models.catalog import BundleLine, Product, ProductBundle, Tier, UsageGroup
from ratable_server.store.models.contracts import (
    Contract,
    Milestone,
    OpeningBalance,
    PrepaidCommit,
    Subscription,
    TierPriceOverride,
    UsageItem,
)
from ratable_server.store.models.customers import Customer
from ratable_server.store.models.documents import Document, DocumentReopening, DocumentVoid
from ratable_server.store.models.earlier import EarlierTerm
from ratable_server.store.models.journals import (
    DraftJournalEntry,
    DraftJournalLine,
    JournalEntry,
    JournalLine,
    JournalReversal,
)
from ratable_server.store.models.oauth import OauthClient, OauthToken
from ratable_server.store.models.papers import Paper, PaperLine, Settlement
from ratable_server.store.models.periods import Period, PeriodClose, PeriodReopening
from ratable_server.store.models.register import RegisterEntry
from ratable_server.store.models.report_files import ReportFile
from ratable_server.store.models.reported_usage import ReportedUsage
from ratable_server.store.models.requests import IdempotencyKey, Reference
from ratable_server.store.models.results import (
    Allocation,
    AppliedMove,
    Breakage,
    Demand,
    DraftAllocation,
    DraftAppliedMove,
    DraftBreakage,
    DraftDemand,
    DraftDraw,
    DraftRatedLine,
    DraftRejectedUsage,
    DraftRevenueTransaction,
    Draw,
    RatedLine,
    RejectedUsage,
    RevenueTransaction,
)
from ratable_server.store.models.runs import Run
from ratable_server.store.models.tenants import Member, PolicyVersion, Tenant
from ratable_server.store.models.tokens import ApiToken
from ratable_server.store.models.usage import (
    UsageImport,
    UsageKey,
    UsageRecord,
    UsageRejection,
    UsageSetAside,
    UsageVoid,
)
from ratable_server.store.models.webhooks import WebhookEvent
from ratable_server.store.models.written_entries import WrittenEntry

__all__ = [
    "Adjustment",
    "Allocation",
    "AllocationChange",
    "ApiToken",
    "AppliedMove",
    "AuditEntry",
    "AuditSeal",
    "Breakage",
    "BreakageEstimate",
    "BundleLine",
    "Contract",
    "Customer",
    "Demand",
    "Document",
    "DocumentReopening",
    "DocumentVoid",
    "DraftAllocation",
    "DraftAppliedMove",
    "DraftBreakage",
    "DraftDemand",
    "DraftDraw",
    "DraftJournalEntry",
    "DraftJournalLine",
    "DraftRatedLine",
    "DraftRejectedUsage",
    "DraftRevenueTransaction",
    "Draw",
    "EarlierTerm",
    "IdempotencyKey",
    "JournalEntry",
    "JournalLine",
    "JournalReversal",
    "Member",
    "Milestone",
    "OauthClient",
    "OauthToken",
    "OpeningBalance",
    "Paper",
    "PaperLine",
    "Period",
    "PeriodClose",
    "PeriodReopening",
    "PolicyVersion",
    "PrepaidCommit",
    "Product",
    "ProductBundle",
    "RatedLine",
    "Reference",
    "RegisterEntry",
    "RejectedUsage",
    "ReportFile",
    "ReportedAdjustment",
    "ReportedUsage",
    "RevenueTransaction",
    "Run",
    "Settlement",
    "Subscription",
    "Tenant",
    "Termination",
    "Tier",
    "TierPriceOverride",
    "TopUp",
    "UsageGroup",
    "UsageImport",
    "UsageItem",
    "UsageKey",
    "UsageRecord",
    "UsageRejection",
    "UsageSetAside",
    "UsageVoid",
    "WebhookEvent",
    "WrittenEntry",
]
