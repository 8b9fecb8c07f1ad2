"""The OpenAPI document of what is served: the ids of its operations are those of the published documents."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.serializers import ListSerializer
from typing_extensions import override


class OperationSchema(AutoSchema):
    """How an operation is told; one that answers a list is called so, whatever its path looks like."""

    @override
    def get_operation_id(self) -> str:
        named = getattr(self.view, "operation_ids", {}).get(self.method)
        if named:
            return str(named)
        found = str(super().get_operation_id())
        is_list = self.method == "GET" and _is_list(self.get_response_serializers())
        return f"{found.removesuffix('_retrieve')}_list" if is_list and found.endswith("_retrieve") else found


def _is_list(answers: Any) -> bool:
    answer = answers.get(200) if isinstance(answers, dict) else answers
    return isinstance(answer, ListSerializer) or type(answer).__name__.startswith("Paginated")
