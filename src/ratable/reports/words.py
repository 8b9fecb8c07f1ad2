"""The accounts that reports speak of, by their role and side."""

from __future__ import annotations

CREDIT_SIDE = ("contract_liability", "refund_liability", "revenue", "breakage_revenue", "opening_balance")
ROLLED = ("contract_liability", "unbilled_revenue", "accounts_receivable")
REVENUE_ACCOUNTS = ("revenue", "breakage_revenue")
RECOGNIZED = ("usage", "drawdown", "overage", "minimum", "subscription", "milestone")
