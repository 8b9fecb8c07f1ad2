"""Ids of 32 letters: the way there and back, and what leads nowhere."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratable_server.api.zuora.translate.ids import Kind, is_public_id, public_id, row_id_of, user_id

KINDS = get_args(Kind)
ROWS = st.integers(min_value=1, max_value=2**63 - 1)


@given(kind=st.sampled_from(KINDS), row=ROWS)
def test_every_row_of_every_kind_comes_back(kind: Kind, row: int):
    public = public_id(kind, row)
    assert is_public_id(public)
    assert row_id_of(kind, public) == row_id_of(kind, public.upper()) == row
    assert [row_id_of(other, public) for other in KINDS if other != kind] == [None] * (len(KINDS) - 1)


def test_ids_that_were_told_stay_what_they_are():
    assert public_id("reported_usage", 1) == "8ad00001000000000000000000000001"
    assert public_id("customer", 255) == "8ad000020000000000000000000000ff"
    assert user_id("a@b.test") == user_id("a@b.test") != user_id("b@b.test")


@pytest.mark.parametrize(
    "text", ["", "1", "8ad00001", "8ad00001" + "f" * 24, "g" * 32, "8ad0000100000000000000000000001\n"]
)
def test_what_is_no_id_leads_nowhere(text: str):
    assert row_id_of("reported_usage", text) is None
