"""Routes of the dialect, as published; what is not served is refused by the last one."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from ratable_server.api.zuora.views import (
    accounting_periods,
    actions,
    imports,
    queries,
    tokens,
    unserved,
    usage,
    usage_of_account,
)

urlpatterns: list[URLPattern] = [
    path("oauth/token", tokens.Tokens.as_view()),
    path("v1/usage", imports.UsageFiles.as_view()),
    re_path(r"^v1/usage/(?P<import_id>(?!accounts/)[^/]+)/status$", imports.UsageFileStatus.as_view()),
    path("v1/object/import", imports.Imports.as_view()),
    path("v1/object/import/<str:import_id>", imports.Import.as_view()),
    path("v1/action/create", actions.Create.as_view()),
    path("v1/action/update", actions.Update.as_view()),
    path("v1/action/delete", actions.Delete.as_view()),
    path("v1/action/query", queries.Ask.as_view()),
    path("v1/action/queryMore", queries.AskMore.as_view()),
    path("v1/object/usage", usage.UsageRecords.as_view()),
    path("v1/object/usage/<str:id>", usage.UsageRecord.as_view()),
    path("v1/usage/accounts/<path:key>", usage_of_account.UsageOfAccount.as_view()),
    path("v1/accounting-periods", accounting_periods.AccountingPeriods.as_view()),
    path("v1/accounting-periods/<str:period_id>", accounting_periods.AccountingPeriod.as_view()),
    path("v1/accounting-periods/<str:period_id>/close", accounting_periods.Closing.as_view()),
    path("v1/accounting-periods/<str:period_id>/pending-close", accounting_periods.PendingClosing.as_view()),
    path("v1/accounting-periods/<str:period_id>/reopen", accounting_periods.Reopening.as_view()),
    # A slash at the end is another spelling of the route without it (`api.slashes`), unless there are two.
    re_path(r"^v1(?:/.*(?:[^/]|//))?$", unserved.Unserved.as_view()),
]
