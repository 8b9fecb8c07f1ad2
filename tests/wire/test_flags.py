"""A limit of a list that is yes or no: what is neither is refused by its name, and never counts as no."""

from __future__ import annotations

import pytest

from tests.wire.calling import Api

FLAGS = [
    *(
        (path, "include_deleted")
        for path in ("product", "contracts", "customers", "/coa/api/vendor", "/coa/api/entity")
    ),
    *(
        (path, "include_deleted")
        for path in ("/coa/api/v1/invoice", "/coa/api/v1/credit-memo", "transactions", "product-bundles")
    ),
    ("/coa/api/vendor", "include_inactive"),
    ("/coa/api/entity", "include_inactive"),
    ("/coa/api/entity", "exclude_adjusting"),
    ("/coa/api/department", "include_inactive"),
    ("/coa/api/tag", "include_inactive"),
    ("/coa/api/tag", "no_group"),
    ("/coa/api/account", "include_inactive"),
    ("/coa/api/account/income-statement", "include_cost_allocation"),
    ("/coa/api/v1/invoice", "download"),
    ("/coa/api/v1/invoice-payments", "voided"),
    ("/coa/api/v1/invoice-payments", "skip_count"),
    ("/coa/api/journal_entry", "posted"),
]


@pytest.mark.parametrize(("path", "name"), FLAGS)
def test_what_is_neither_yes_nor_no_is_refused_by_its_name(api: Api, path: str, name: str):
    answer = api.get(f"{path}?{name}=maybe")

    assert (answer.status, answer.body) == (400, {name: ["Must be a valid boolean."]})
    assert api.get(f"{path}?{name}=FALSE").status == api.get(f"{path}?{name}=").status == 200
