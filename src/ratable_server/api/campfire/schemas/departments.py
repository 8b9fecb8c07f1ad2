"""The documented fields of departments."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.campfire.schemas.fields import (
    Resource,
    flag,
    link,
    links,
    needed_text,
    text,
    told_link,
    told_moment,
    told_objects,
    told_text,
)
from ratable_server.api.schemas import Id, Schema


class DepartmentSerializer(Resource):
    """A part of the company that income and cost are told by."""

    id = told_link()
    parent_name = told_text()
    tags = told_objects()
    last_modified_at = told_moment()
    active = flag(initial=True)
    code = needed_text(250)
    name = needed_text(250)
    display_name = text(600)
    tag_ids = links()
    tag_group_ids = links()
    created_at = told_moment()
    customer = told_link()
    parent = link()  # type: ignore[assignment]  # a field of this name


class BulkDepartmentSerializer(Schema):
    """A department by its name."""

    name = needed_text(250)
    parent_id = Id(required=False, allow_null=True)


class BulkDepartmentSearchSerializer(Schema):
    """Which departments are looked for."""

    departments = serializers.ListField(child=BulkDepartmentSerializer(), min_length=1, max_length=10_000)
    upsert = flag()
