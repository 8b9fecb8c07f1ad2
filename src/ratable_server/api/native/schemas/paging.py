"""How a page of a list is asked for."""

from __future__ import annotations

from ratable_server.api.native.schemas.fields import NativeSchema, Text
from ratable_server.api.paging import MOST_AT_ONCE, USUAL
from ratable_server.api.schemas import Whole


class PageAsked(NativeSchema):
    """A page: how many rows, and after which cursor."""

    limit = Whole(min_value=1, max_value=MOST_AT_ONCE, default=USUAL, help_text="Rows of a page, at most 1,000.")
    after = Text(required=False, max_length=100, help_text="The `next` of the page before.")
