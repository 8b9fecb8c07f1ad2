"""What views of things in the register have in common: listed, added, changed, removed; whom they may point to."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.fields import Resource
from ratable_server.api.campfire.translate.accounts import OWN_ENTRIES
from ratable_server.api.campfire.translate.registered import from_entry
from ratable_server.api.campfire.translate.words import Names
from ratable_server.api.campfire.views.asking import found, listing
from ratable_server.api.campfire.views.flags import flag_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.errors import Refused
from ratable_server.operations.kept import Further
from ratable_server.operations.register import Named, add_entries, change_entry, remove_entry
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.register import Entry, Only, ancestors, register

TEXT = OpenApiParameter("q", OpenApiTypes.STR, description="A part of a name, a number or a code.")
SORT = OpenApiParameter("sort", OpenApiTypes.STR, description="The order is that of the ids, whatever is asked.")
INACTIVE = OpenApiParameter("include_inactive", OpenApiTypes.BOOL, description="Also what is not used any more.")

_MOST_DIGITS = 18


class RegisterView(CampfireView):
    """A route to things of one `kind`.

    `links` names the fields that hold an id of another thing and its kind, `many` those that hold a list of them;
    `unused` is what a thing says that is not used any more.
    """

    kind: ClassVar[str]
    schema_of: ClassVar[type[Resource]]
    links: ClassVar[Mapping[str, str]] = {}
    many: ClassVar[Mapping[str, str]] = {}
    unused: ClassVar[Mapping[str, Any]] = {}

    @override
    def answer_refused(self, refused: Refused) -> Response:
        """A field of theirs that is called `code` is told by that name, as every other field."""
        if refused.field == "code":
            return Response({"code": [str(refused.rule.meaning)]}, status=400)
        return super().answer_refused(refused)

    def ours(self, entries: Sequence[Entry], names: Names) -> list[dict[str, Any]]:
        """What is told of each of them beside what was sent."""
        raise NotImplementedError

    def judged(self, fields: dict[str, Any], row: Entry | None) -> dict[str, Any]:
        """The fields to keep; what cannot be is refused by its field. `row` is what there was before."""
        refuse_unknown_links(self.actor, fields, links=self.links, many=self.many)
        if row is not None and fields.get("parent") is not None:
            _refuse_circle(self.actor, row, fields["parent"])
        return fields

    def told(self, entries: Sequence[Entry]) -> list[dict[str, Any]]:
        """Things as the API tells them, with the names of what they point to."""
        names = linked_names(self.actor, entries, links=self.links, many=self.many)
        fields = self.schema_of().fields
        return [
            {name: value for name, value in self.schema_of.answer(every, entry.further).items() if name in fields}
            for entry, own in zip(entries, self.ours(entries, names), strict=True)
            for every in [{**from_entry(entry, self.actor.tenant_id), **own}]
        ]

    def row(self, id: int) -> Entry:
        """A thing by its id; 404 where there is none."""
        return found(register(actor=self.actor, kind=self.kind, asked=Asked(ids=[id])))

    def added(self, every: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Keep new things, and tell them."""
        judged = [Named(code=new_code(self.kind), further=self.judged(each, None)) for each in every]
        made = add_entries(actor=self.actor, kind=self.kind, named=judged, at=now_at())
        asked = Asked(ids=[each.id for each in made], limit=len(made))
        return self.told(register(actor=self.actor, kind=self.kind, asked=asked).rows)

    def created(self) -> Response:
        """The answer to a POST of one thing."""
        return Response(self.added([self.read(self.schema_of)])[0], status=201)

    def changed(self, id: int, *, is_partial: bool) -> Response:
        """The answer to a PUT or PATCH."""
        self.keep(self.row(id), self.read(self.schema_of, is_partial=is_partial), is_partial=is_partial)
        return Response(self.told([self.row(id)])[0])

    def keep(self, row: Entry, fields: Mapping[str, Any], *, is_partial: bool) -> None:
        """Say a thing anew, or some of it; what others say of it meanwhile stays as far as this does not say it, too.

        Raises:
            NotFound: it was removed meanwhile.
        """

        def change(was: Further) -> Further:
            judged = self.judged(dict(fields), replace(row, further=dict(was)))
            return {**(was if is_partial else {}), **judged}

        try:
            change_entry(actor=self.actor, kind=self.kind, code=row.code, change=change, at=now_at())
        except Refused as refused:
            if refused.code == "code_must_be_known":
                raise NotFound from None
            raise

    def removed(self, id: int, *, instead: str | None = None) -> Response:
        """The answer to a DELETE; `instead` is the id of what is named from then on."""
        row = self.row(id)
        other = None if instead is None else self._other(row, instead)
        remove_entry(actor=self.actor, kind=self.kind, code=row.code, instead=other, at=now_at())
        return Response(status=204)

    def listed(self, request: Request, only: Only | None = None) -> Response:
        """A page of them."""
        narrowed = only or self.only(request)
        return listing(
            request,
            lambda asked: register(actor=self.actor, kind=self.kind, asked=asked, only=narrowed),
            self.told,
        )

    def only(self, request: Request, ids: Sequence[int] | None = None, **having: Sequence[Any]) -> Only:
        """What a list is narrowed to: by `q`, by what is used, and by values of fields."""
        asked = request.query_params
        lacking = {} if flag_of(request, "include_inactive") else self.unused
        return Only(text=asked.get("q", ""), ids=ids, lacking=lacking, having=having)

    def searched(self, wanted: Sequence[dict[str, Any]], *, adds: bool) -> Response:
        """Things by their exact names; with `adds` those that are missing are made."""
        names = list(dict.fromkeys(each["name"] for each in wanted))
        there = register(actor=self.actor, kind=self.kind, asked=EVERYTHING, only=Only(names=names)).rows
        known = {entry.further.get("name") for entry in there}
        missing = {each["name"]: each for each in reversed(wanted) if each["name"] not in known}
        new = self.added(list(missing.values())[::-1]) if adds and missing else []
        return Response([*self.told(there), *new])

    def _other(self, row: Entry, said: str) -> str:
        """The code of what stands in for a thing: nothing that stands below it."""
        if not said.isdecimal() or len(said) > _MOST_DIGITS:
            raise ValidationError({f"new_{self.kind}": ["A valid integer is required."]})
        other = self.row(int(said))
        _refuse_circle(self.actor, row, other.id, field=f"new_{self.kind}")
        return other.code


def ids_of(request: Request, name: str) -> list[int] | None:
    """Ids that a list is asked for: said several times, or apart by commas; None: any.

    Raises:
        ValidationError: one of them is none.
    """
    said = [each.strip() for every in request.query_params.getlist(name) for each in every.split(",") if each.strip()]
    if not all(each.isascii() and each.isdecimal() and len(each) <= _MOST_DIGITS for each in said):
        raise ValidationError({name: ["A valid integer is required."]})
    return [int(each) for each in said] or None


def new_code(kind: str) -> str:
    """An id of our own for a thing."""
    return f"{kind}-{secrets.token_hex(5)}"


def linked_names(actor: Actor, entries: Iterable[Entry], *, links: Mapping[str, str], many: Mapping[str, str]) -> Names:
    """What the things of a page point to, one query for each kind."""
    return known(actor, (each for entry in entries for each in _named(entry.further, links, many)))


def refuse_unknown_links(
    actor: Actor, fields: Mapping[str, Any], *, links: Mapping[str, str], many: Mapping[str, str]
) -> None:
    """Go on, unless a field names something that is not in the register.

    Raises:
        ValidationError: told by its field.
    """
    named = list(_named(fields, links, many))
    told = known(actor, named).told
    wrong: defaultdict[str, list[str]] = defaultdict(list)
    for field, kind in {**links, **many}.items():
        for each in _ids(fields.get(field)):
            if (kind, each) not in told:
                wrong[field].append(f'Invalid pk "{each}" - object does not exist.')
    if wrong:
        raise ValidationError(dict(wrong))


def known(actor: Actor, named: Iterable[tuple[str, int]]) -> Names:
    """Things by kind and id, one query for each kind: those of the register, and the accounts of the books."""
    wanted: defaultdict[str, set[int]] = defaultdict(set)
    for kind, each in named:
        wanted[kind].add(each)
    told = {
        (kind, entry.id): entry.further
        for kind, ids in wanted.items()
        for entry in register(actor=actor, kind=kind, asked=Asked(ids=sorted(ids), limit=len(ids))).rows
    }
    own = {("account", id): OWN_ENTRIES[id].further for id in wanted["account"] & OWN_ENTRIES.keys()}
    return Names(told={**told, **own})


def _named(fields: Mapping[str, Any], links: Mapping[str, str], many: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    for field, kind in {**links, **many}.items():
        for each in _ids(fields.get(field)):
            yield kind, each


def _ids(said: Any) -> list[int]:
    return [each for each in (said if isinstance(said, list) else [said]) if isinstance(each, int)]


def _refuse_circle(actor: Actor, row: Entry, parent: int, *, field: str = "parent") -> None:
    if parent == row.id or row.id in ancestors(actor=actor, kind=row.kind).get(parent, ()):
        raise ValidationError({field: ["Nothing stands above itself."]})
