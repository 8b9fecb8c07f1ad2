"""Things of the register that only give names: departments, tags, groups of tags and one's own field of vendors.

Nothing is lost: what the books do not read comes back as it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ratable_server.api.campfire.translate.words import Names


def from_entry(entry: Any, tenant: int) -> dict[str, Any]:
    """What the books say of anything in the register."""
    return {
        "id": entry.id,
        "customer": tenant,
        "created_at": entry.created_at,
        "last_modified_at": entry.modified_at,
        "is_deleted": entry.deleted_at is not None,
        "deleted_at": entry.deleted_at,
    }


def from_department(entry: Any, names: Names) -> dict[str, Any]:
    """`/coa/api/department`: the groups are those of its tags, unless some were told."""
    tags = names.tags(entry.further)
    groups = [tag["group"] for tag in tags if tag.get("group") is not None]
    return {
        "parent_name": names.of("department", entry.further.get("parent")),
        "tags": tags,
        "tag_group_ids": entry.further.get("tag_group_ids") or list(dict.fromkeys(groups)),
    }


def from_tag(entry: Any, names: Names) -> dict[str, Any]:
    """`/coa/api/tag`."""
    return {
        "parent_name": names.of("tag", entry.further.get("parent")),
        "group_name": names.of("tag_group", entry.further.get("group")),
    }


def from_tag_group(entry: Any) -> dict[str, Any]:
    """`/coa/api/tag-group`: its name as one word."""
    name = str(entry.further.get("name") or "")
    return {"slug": re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")}


def lineage(ancestors: Mapping[int, Any], entry: Any) -> list[str]:
    """The ids of what stands above a thing, from the top down."""
    return [str(above) for above in ancestors.get(entry.id, ())]
