"""Routes of the dialect, as published; both spellings of a slash at the end are taken."""

from __future__ import annotations

from django.urls import URLPattern, path, register_converter

from ratable_server.api.campfire.views import (
    accounts,
    consumption,
    contract_acts,
    contract_bundles,
    contracts,
    customers,
    default_accounts,
    departments,
    entities,
    milestones,
    prepaid_commits,
    product_bundles,
    products,
    subscriptions,
    tags,
    tier_price_overrides,
    transactions,
    usage,
    usage_events,
    usage_groups,
)
from ratable_server.api.views import WholeId

register_converter(WholeId, "id")

_CONTRACT = "rr/api/v1/contracts/<id:contract_id>"
_COMMIT = f"{_CONTRACT}/prepaid-commits/<id:commit_id>"

urlpatterns: list[URLPattern] = [
    path("coa/api/account", accounts.Accounts.as_view()),
    path("coa/api/account/balance-sheet", accounts.BalanceSheetAccounts.as_view()),
    path("coa/api/account/income-statement", accounts.IncomeStatementAccounts.as_view()),
    path("coa/api/account/<id:id>", accounts.Account.as_view()),
    path("coa/api/chart-account-settings", default_accounts.DefaultAccounts.as_view()),
    path("coa/api/department", departments.Departments.as_view()),
    path("coa/api/department/bulk-search", departments.DepartmentSearch.as_view()),
    path("coa/api/department/<id:id>", departments.Department.as_view()),
    path("coa/api/entity", entities.Entities.as_view()),
    path("coa/api/entity/<id:id>", entities.Entity.as_view()),
    path("coa/api/tag", tags.Tags.as_view()),
    path("coa/api/tag/bulk-search", tags.TagSearch.as_view()),
    path("coa/api/tag/<id:id>", tags.Tag.as_view()),
    path("coa/api/tag-group", tags.TagGroups.as_view()),
    path("coa/api/tag-group/<id:id>", tags.TagGroup.as_view()),
    path("coa/api/vendor", customers.Vendors.as_view()),
    path("coa/api/vendor/<id:id>", customers.Vendor.as_view()),
    path("rr/api/v1/contracts", contracts.Contracts.as_view()),
    path("rr/api/v1/contracts/bulk-search", contract_acts.ContractSearch.as_view()),
    path("rr/api/v1/contracts/parse", contract_acts.ContractParse.as_view()),
    path("rr/api/v1/contracts/<id:id>", contracts.Contract.as_view()),
    path("rr/api/v1/contracts/<id:id>/duplicate", contract_acts.ContractCopy.as_view()),
    path("rr/api/v1/contracts/<id:id>/minimum-commit-preview", contract_acts.MinimumCommitPreview.as_view()),
    path("rr/api/v1/contracts/<id:id>/terminate", contract_acts.ContractEnd.as_view()),
    path(f"{_CONTRACT}/bundles", contract_bundles.ContractBundles.as_view()),
    path(f"{_CONTRACT}/bundles/<id:id>", contract_bundles.ContractBundle.as_view()),
    path(f"{_CONTRACT}/milestones", milestones.Milestones.as_view()),
    path(f"{_CONTRACT}/milestones/<id:id>", milestones.Milestone.as_view()),
    path(f"{_CONTRACT}/prepaid-commit-summary", prepaid_commits.PrepaidCommitSummary.as_view()),
    path(f"{_CONTRACT}/tier-price-overrides", tier_price_overrides.TierPriceOverrides.as_view()),
    path(f"{_CONTRACT}/prepaid-commits", prepaid_commits.PrepaidCommits.as_view()),
    path(f"{_CONTRACT}/prepaid-commits/<id:id>", prepaid_commits.PrepaidCommit.as_view()),
    path(f"{_CONTRACT}/subscriptions", subscriptions.Subscriptions.as_view()),
    path(f"{_CONTRACT}/subscriptions/<id:id>", subscriptions.Subscription.as_view()),
    path(f"{_COMMIT}/consumption", consumption.Consumptions.as_view()),
    path(f"{_COMMIT}/usage-events", usage_events.UsageEvents.as_view()),
    path(f"{_COMMIT}/usage-events/distinct-values", usage_events.UsageEventValues.as_view()),
    path(f"{_COMMIT}/usage-events/template", usage_events.UsageEventsTemplate.as_view()),
    path(f"{_COMMIT}/consumption/<id:id>", consumption.Consumption.as_view()),
    path(f"{_CONTRACT}/usage", usage.Usages.as_view()),
    path(f"{_CONTRACT}/usage/<id:id>", usage.Usage.as_view()),
    path(f"{_CONTRACT}/usage/<id:usage_id>/allocations", usage.UsageAllocations.as_view()),
    path("rr/api/v1/customers", customers.Customers.as_view()),
    path("rr/api/v1/customers/<id:id>", customers.Customer.as_view()),
    path("rr/api/v1/product", products.Products.as_view()),
    path("rr/api/v1/product/<id:id>", products.Product.as_view()),
    path("rr/api/v1/product/<id:product_id>/usage-groups", usage_groups.UsageGroups.as_view()),
    path("rr/api/v1/product/<id:product_id>/usage-groups/<id:id>", usage_groups.UsageGroup.as_view()),
    path("rr/api/v1/product-bundles", product_bundles.ProductBundles.as_view()),
    path("rr/api/v1/product-bundles/<id:id>", product_bundles.ProductBundle.as_view()),
    path("rr/api/v1/transactions", transactions.Transactions.as_view()),
    path("rr/api/v1/transactions/<id:id>", transactions.Transaction.as_view()),
]
