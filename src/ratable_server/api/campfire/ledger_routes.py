"""Routes of the ledger: journal entries, lines, statements."""

from __future__ import annotations

from django.urls import URLPattern, path

from ratable_server.api.campfire.views import journal_entries, ledger_transactions, statements


def routes() -> list[URLPattern]:
    """The routes, once the converters of paths are known."""
    return [
        path("ca/api/get_balance_sheet", statements.BalanceSheet.as_view()),
        path("ca/api/get_income_statement", statements.IncomeStatement.as_view()),
        path("ca/api/get_trial_balance", statements.TrialBalance.as_view()),
        path("coa/api/general-ledger", statements.GeneralLedger.as_view()),
        path("coa/api/journal_entry", journal_entries.JournalEntries.as_view()),
        path("coa/api/journal_entry/<id:id>", journal_entries.JournalEntry.as_view()),
        path("coa/api/transaction", ledger_transactions.LedgerTransactions.as_view()),
        path("coa/api/transaction/totals", ledger_transactions.LedgerTotals.as_view()),
        path("coa/api/transaction/<id:id>", ledger_transactions.LedgerTransaction.as_view()),
    ]
