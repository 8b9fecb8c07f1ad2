"""Yes or no, as a request says it: in its address, or in a field of a form. What is neither is refused by its name."""

from __future__ import annotations

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

_TRUE, _FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}


def flag_of(request: Request, name: str) -> bool:
    """Yes or no; no where it is not said.

    Raises:
        ValidationError: it is neither.
    """
    return bool(said_flag(request, name))


def said_flag(request: Request, name: str) -> bool | None:
    """Yes or no; None where it is not said.

    Raises:
        ValidationError: it is neither.
    """
    return read_flag(name, request.query_params.get(name, ""))


def read_flag(name: str, said: object) -> bool | None:
    """What a text says; None: nothing.

    Raises:
        ValidationError: it says neither yes nor no.
    """
    text = str(said).lower()
    if text and text not in _TRUE | _FALSE:
        raise ValidationError({name: ["Must be a valid boolean."]})
    return text in _TRUE if text else None
