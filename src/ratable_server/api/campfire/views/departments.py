"""`/coa/api/department`: parts of the company."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable_server.api.campfire.schemas.departments import BulkDepartmentSearchSerializer, DepartmentSerializer
from ratable_server.api.campfire.translate import registered as translate
from ratable_server.api.campfire.translate.words import Names
from ratable_server.api.campfire.views.documented import PAGES, SYNC, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.registered import INACTIVE, SORT, TEXT, RegisterView
from ratable_server.queries.register import Entry

_INSTEAD = OpenApiParameter("new_department", OpenApiTypes.INT, description="What is named from then on instead.")


class _OfDepartments(RegisterView):
    kind = "department"
    schema_of = DepartmentSerializer
    links = {"parent": "department"}
    many = {"tag_ids": "tag", "tag_group_ids": "tag_group"}
    unused = {"active": False}

    @override
    def ours(self, entries: Sequence[Entry], names: Names) -> list[dict[str, Any]]:
        return [translate.from_department(entry, names) for entry in entries]


class Departments(_OfDepartments):
    """All departments."""

    @gives(page_of(DepartmentSerializer), parameters=[*PAGES, *SYNC, TEXT, SORT, INACTIVE])
    def get(self, request: Request) -> Response:
        """Departments by pages, in the order in which they were told."""
        return self.listed(request)

    @posts(DepartmentSerializer, DepartmentSerializer)
    def post(self, _request: Request) -> Response:
        """Add a department."""
        return self.created()


class Department(_OfDepartments):
    """One department."""

    @gives(DepartmentSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """A department by its id."""
        return Response(self.told([self.row(id)])[0])

    @takes(DepartmentSerializer, DepartmentSerializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say a department whole again."""
        return self.changed(id, is_partial=False)

    @takes(DepartmentSerializer, DepartmentSerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of a department."""
        return self.changed(id, is_partial=True)

    @deletes(parameters=[_INSTEAD])
    def delete(self, request: Request, id: int) -> Response:
        """Take a department away that nothing names; with `new_department` that one is named instead."""
        return self.removed(id, instead=request.query_params.get("new_department"))


class DepartmentSearch(_OfDepartments):
    """Departments by their names."""

    @posts(BulkDepartmentSearchSerializer, DepartmentSerializer(many=True), status=200)
    def post(self, _request: Request) -> Response:
        """Every department that has one of these names; with `upsert` those that are missing are made, named as coded."""
        fields = self.read(BulkDepartmentSearchSerializer)
        wanted = [
            {"name": each["name"], "code": each["name"], "parent": each.get("parent_id")}
            for each in fields["departments"]
        ]
        return self.searched(wanted, adds=bool(fields.get("upsert")))
