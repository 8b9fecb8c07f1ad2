"""Routes of the native API."""

from __future__ import annotations

from datetime import date

from django.urls import URLPattern, path, register_converter

from ratable_server.api.native.schemas.fields import MONTH
from ratable_server.api.native.views import (
    agreed,
    amending,
    checking,
    closing,
    deciding,
    documents,
    explanations,
    exports,
    imports,
    problem_types,
    reports,
    terms,
    usage,
)
from ratable_server.api.views import WholeId


class MonthInPath:
    """A month, as its first day: `2026-03`."""

    regex = MONTH

    def to_python(self, value: str) -> date:
        """Its first day."""
        return date.fromisoformat(f"{value}-01")

    def to_url(self, value: date) -> str:
        """As it is written."""
        return f"{value:%Y-%m}"


register_converter(WholeId, "number")
register_converter(MonthInPath, "month")

_TERMS: list[URLPattern] = [
    path("api/v1/terms", terms.Terms.as_view()),
    path("api/v1/products", agreed.Products.as_view()),
    path("api/v1/products/<path:id>", agreed.Product.as_view()),
    path("api/v1/product-bundles", agreed.ProductBundles.as_view()),
    path("api/v1/product-bundles/<path:id>", agreed.ProductBundle.as_view()),
    path("api/v1/customers", agreed.Customers.as_view()),
    path("api/v1/customers/<path:id>", agreed.Customer.as_view()),
    path("api/v1/contracts", agreed.Contracts.as_view()),
    path("api/v1/contracts/<path:id>", agreed.Contract.as_view()),
    path("api/v1/prepaid-commits", agreed.PrepaidCommits.as_view()),
    path("api/v1/prepaid-commits/<path:id>", agreed.PrepaidCommit.as_view()),
    path("api/v1/policy", deciding.Policy.as_view()),
    path("api/v1/policy/two-person-close", deciding.TwoPersonClose.as_view()),
]
_ACTS: list[URLPattern] = [
    path("api/v1/invoices", documents.Invoices.as_view()),
    path("api/v1/payments", documents.Payments.as_view()),
    path("api/v1/credit-memos", documents.CreditMemos.as_view()),
    path("api/v1/adjustments", amending.Adjustments.as_view()),
    path("api/v1/top-ups", amending.TopUps.as_view()),
    path("api/v1/breakage-estimates", amending.BreakageEstimates.as_view()),
    path("api/v1/allocations", amending.Allocations.as_view()),
    path("api/v1/terminations", amending.Terminations.as_view()),
    path("api/v1/reversals", amending.Reversals.as_view()),
    path("api/v1/usage-voids", amending.UsageVoids.as_view()),
]
_USAGE: list[URLPattern] = [
    path("api/v1/usage", usage.Usage.as_view()),
    path("api/v1/receipts/<slug:id>", usage.UsageReceipt.as_view()),
    path("api/v1/imports", imports.Imports.as_view()),
    path("api/v1/imports/<slug:id>", imports.Import.as_view()),
    path("api/v1/rejections", checking.Rejections.as_view()),
    path("api/v1/imports/<slug:id>/rejections", checking.ImportRejections.as_view()),
    path("api/v1/imports/<slug:id>/rejections/<number:row>/resolve", checking.Resolution.as_view()),
]
_BOOKS: list[URLPattern] = [
    path("api/v1/runs", closing.Runs.as_view()),
    path("api/v1/runs/<number:run>", closing.Run.as_view()),
    path("api/v1/periods", closing.Periods.as_view()),
    path("api/v1/periods/<month:month_on>", closing.Period.as_view()),
    path("api/v1/periods/<month:month_on>/close", closing.PeriodClose.as_view()),
    path("api/v1/periods/<month:month_on>/reopen", closing.PeriodReopening.as_view()),
    path("api/v1/reports", reports.Reports.as_view()),
    path("api/v1/reports/<slug:name>", reports.Report.as_view()),
    path("api/v1/explanations", explanations.RevenueExplanation.as_view()),
    path("api/v1/explanations/<path:id>", explanations.Explanation.as_view()),
    path("api/v1/exports", exports.Exports.as_view()),
    path("api/v1/exports/journal/<month:month_on>", exports.ExportFile.as_view()),
    path("api/v1/verification", checking.Verification.as_view()),
    path("api/v1/problems", problem_types.ProblemTypes.as_view()),
    path("api/v1/problems/<slug:code>", problem_types.ProblemType.as_view()),
]

urlpatterns: list[URLPattern] = [*_TERMS, *_ACTS, *_USAGE, *_BOOKS]
