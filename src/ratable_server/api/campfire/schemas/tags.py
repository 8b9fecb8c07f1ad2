"""The documented fields of tags and of groups of tags, which are dimensions of one's own."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.campfire.schemas.fields import (
    Resource,
    flag,
    link,
    needed_text,
    told_flag,
    told_link,
    told_moment,
    told_text,
)
from ratable_server.api.schemas import Schema


class TransactionTagSerializer(Resource):
    """One value of a dimension."""

    id = told_link()
    group_name = told_text()
    parent_name = told_text()
    parent = link()  # type: ignore[assignment]  # a field of this name
    is_deleted = told_flag()
    deleted_at = told_moment()
    is_active = flag(initial=True)
    name = needed_text(250)
    created_at = told_moment()
    last_modified_at = told_moment()
    customer = told_link()
    group = link()


class TransactionTagGroupSerializer(Resource):
    """A dimension."""

    id = told_link()
    slug = told_text()
    name = needed_text(250)
    created_at = told_moment()
    last_modified_at = told_moment()
    customer = told_link()


class BulkTagSerializer(Schema):
    """A tag by its name."""

    name = needed_text(250)


class BulkTagSearchSerializer(Schema):
    """Which tags are looked for."""

    tags = serializers.ListField(child=BulkTagSerializer(), max_length=10_000)
    upsert = flag()
