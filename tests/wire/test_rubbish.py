"""What is left of a request that was answered: nothing that waits until rubbish is looked for."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from ratable_server.api.views import View
from tests.wire.calling import Api


def test_a_request_goes_with_its_answer(api: Api, monkeypatch: pytest.MonkeyPatch):
    views, initial = list[weakref.ref[View]](), View.initial

    def noticed(view: View, *args: Any, **kwargs: Any) -> None:
        views.append(weakref.ref(view))
        initial(view, *args, **kwargs)

    monkeypatch.setattr(View, "initial", noticed)
    gc.collect()
    gc.disable()
    try:
        assert api.get("contracts").status == 200
        assert api.post("product", {"product_name": "API"}).status == 201
        assert api.post("product", {"usage_groups": 3}).status == 400
        assert [view() for view in views] == [None] * 3
    finally:
        gc.enable()
