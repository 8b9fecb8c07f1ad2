"""Additions to prepaid commits over the wire: what is left lives on, and a pool holds units."""

from __future__ import annotations

from tests.wire.calling import Api
from tests.wire.test_contracts import signed

POOL = {"name": "Pool", "total_value": "500.00", "start_date": "2026-01-01", "expiration_date": "2026-12-31"}
UNITS = {"units": "1000", "unit_of_measure": "call"}
ROLLS = {"rollover_months": 3, "rollover_apply": "last", "rollover_cap": "200"}


def test_a_pool_of_units_that_rolls_over_comes_back_as_it_was_granted(api: Api):
    path = f"contracts/{signed(api)['id']}/prepaid-commits"
    told = api.post(path, {**POOL, **UNITS, **ROLLS})

    assert told.status == 201, told.text
    assert (told["units"], told["unit_of_measure"], told["remaining_value"]) == (1000, "call", 500)
    assert (told["rollover_months"], told["rollover_times"], told["rollover_cap"]) == (3, 1, 200)
    assert api.get(f"{path}/{told['id']}").body == told.body
    assert api.patch(f"{path}/{told['id']}", told.body).status == 200


def test_a_change_keeps_what_it_does_not_name(api: Api):
    path = f"contracts/{signed(api)['id']}/prepaid-commits"
    own = f"{path}/{api.post(path, {**POOL, **UNITS, **ROLLS})['id']}"

    renamed = api.patch(own, {"name": "Calls"})

    assert (renamed["units"], renamed["rollover_months"], renamed["rollover_apply"]) == (1000, 3, "last")
    longer = api.patch(own, {"rollover_months": 6})
    assert (longer["rollover_months"], longer["rollover_cap"]) == (6, 200)


def test_units_without_a_measure_are_refused_and_nothing_is_kept(api: Api):
    path = f"contracts/{signed(api)['id']}/prepaid-commits"
    told = api.post(path, {**POOL, "units": "1000"})

    assert (told.status, told["code"]) == (400, "units_must_have_a_measure")
    assert api.get(path)["count"] == 0
