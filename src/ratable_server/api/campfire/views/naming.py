"""Names of what a thing points to in the register, one query for each kind that a page needs; ids for new things."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from rest_framework.exceptions import ValidationError

from ratable_server.actor import Actor
from ratable_server.api.campfire.translate.words import KIND_OF, TAGS, Names, named_in, tag_ids_of
from ratable_server.api.campfire.views.registered import known
from ratable_server.api.schemas import Id
from ratable_server.errors import Refused
from ratable_server.operations.told import Created
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.register import register

_ID = Id()
_UNFIT_AS_ID = {"code_must_be_unused", "text_must_be_plain"}


def names_of(actor: Actor, furthers: Iterable[Mapping[str, Any]]) -> Names:
    """What the things of a page point to in the register."""
    return known(actor, (each for further in furthers for each in named_in(further)))


def refuse_unknown(actor: Actor, fields: Mapping[str, Any], *, but: Collection[tuple[str, int]] = frozenset()) -> None:
    """Go on, unless a field names something that is not in the register; `but` is what was named before, by kind and id.

    Raises:
        ValidationError: told by its field.
    """
    there = {*names_of(actor, [fields]).told, *but}
    wrong = {
        name: [f'Invalid pk "{fields[name]}" - object does not exist.']
        for name, kind in KIND_OF.items()
        if fields.get(name) is not None and (kind, fields[name]) not in there
    }
    unknown = [tag for tag in fields.get(TAGS) or () if ("tag", tag) not in there]
    if unknown:
        wrong[TAGS] = [f'Invalid pk "{tag}" - object does not exist.' for tag in unknown]
    if wrong:
        raise ValidationError(wrong)


def tags_of(actor: Actor, said: Any) -> list[int]:
    """Ids of tags in each form in which tags come: ids, objects with one, or text with ids or names and commas.

    Raises:
        ValidationError: no tag is called so, or one cannot be an id.
    """
    told = tag_ids_of(said)
    names = [each for each in told if isinstance(each, str) and not _is_number(each.strip())]
    known = (
        {entry.further.get("name"): entry.id for entry in register(actor=actor, kind="tag", asked=EVERYTHING).rows}
        if names
        else {}
    )
    wrong = [name for name in names if name.strip() not in known]
    if wrong or not all(isinstance(each, str | int) and not isinstance(each, bool) for each in told):
        raise ValidationError({"tags": [f"No such tag: {name}" for name in wrong] or ["A list of tags is needed."]})
    return [known[each.strip()] if each in names else _tag_id(each) for each in told]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _tag_id(said: str | int) -> int:
    """An id, as the schemas read it.

    Raises:
        ValidationError: it is none that there can be, told by its field.
    """
    try:
        id: int = _ID.run_validation(said.strip() if isinstance(said, str) else said)
    except ValidationError as error:
        raise ValidationError({"tags": error.detail}) from error
    return id


def created(kind: str, wanted: str | None, create: Callable[[str], Created]) -> str:
    """The id of what `create` made: the one that is wanted, or one of ours where that is taken or cannot be an id."""
    if wanted:
        try:
            return create(wanted).code
        except Refused as refused:
            if refused.code not in _UNFIT_AS_ID:
                raise
    return create(f"{kind}-{secrets.token_hex(5)}").code
