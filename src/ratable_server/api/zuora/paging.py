"""Pages as this API numbers them: from 1, with the whole address of the next one, which is absent on the last."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

_NUMBER = re.compile(r"0*[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that was asked for."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """What is on the pages before."""
        return (self.number - 1) * self.size

    def next_address(self, request: Request) -> str:
        """The whole address of the page after this one."""
        return request.build_absolute_uri(f"{request.path}?page={self.number + 1}&pageSize={self.size}")


def page_asked(request: Request, *, most: int, usual: int | None = None) -> Page:
    """The page that a request asks for; one that is too large is as large as a page can be.

    Raises:
        ValidationError: it is no number, or less than 1.
    """
    return Page(number=_number(request, "page", 1), size=min(_number(request, "pageSize", usual or most), most))


def _number(request: Request, name: str, usual: int) -> int:
    said = request.query_params.get(name)
    if said is None:
        return usual
    if len(said) > len("0" * 20) or not _NUMBER.fullmatch(said):
        raise ValidationError({name: ["A whole number from 1 on."]})
    return int(said)
