"""Columns that refuse what must not be in them: NaN, too many digits, months that are no months.

Owns the CHECK that the database keeps with each such column. Django's `DecimalField` declares
`numeric(p, s)`, which rounds silently and takes NaN; these are bare `numeric` with a CHECK. Fields that are kept and
not computed with are JSON whose numbers keep their digits.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from typing_extensions import override

if TYPE_CHECKING:
    _DecimalField = models.DecimalField[Decimal | None, Decimal | None]
    _DateField = models.DateField[Any, Any]
    _TextField = models.TextField[str, str]
    _JSONField = models.JSONField
else:
    _DecimalField, _DateField, _TextField = models.DecimalField, models.DateField, models.TextField
    _JSONField = models.JSONField

PLACES = 12
DIGITS = 38
CODE_LENGTH = 500


def _quoted(field: models.Field[Any, Any], connection: BaseDatabaseWrapper) -> str:
    return connection.ops.quote_name(field.column or "")


class ExactField(_DecimalField):
    """A price, a quantity or an agreed amount: up to 26 digits before and 12 behind the point, exactly as given."""

    def __init__(self, **options: Any) -> None:
        options["max_digits"], options["decimal_places"] = DIGITS, PLACES
        super().__init__(**options)

    @override
    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "numeric"

    @override
    def db_check(self, connection: BaseDatabaseWrapper) -> str:
        column = _quoted(self, connection)
        return f"min_scale({column}) <= {PLACES} AND abs({column}) < 1e{DIGITS - PLACES}"  # NaN is above every number


class WholeField(_DecimalField):
    """A whole number of up to 38 digits: the engine's columns that are scaled by 10^12."""

    def __init__(self, **options: Any) -> None:
        options["max_digits"], options["decimal_places"] = DIGITS, 0
        super().__init__(**options)

    @override
    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "numeric"

    @override
    def db_check(self, connection: BaseDatabaseWrapper) -> str:
        column = _quoted(self, connection)
        return f"min_scale({column}) = 0 AND abs({column}) < 1e{DIGITS}"


class MonthField(_DateField):
    """A month, told by its first day."""

    @override
    def db_check(self, connection: BaseDatabaseWrapper) -> str:
        return f"EXTRACT(day FROM {_quoted(self, connection)}) = 1"


class CodeField(_TextField):
    """A public id: the caller's own word, never empty."""

    @override
    def db_check(self, connection: BaseDatabaseWrapper) -> str:
        return f"length({_quoted(self, connection)}) BETWEEN 1 AND {CODE_LENGTH}"


class CurrencyField(_TextField):
    """A currency of ISO 4217, or nothing where none was agreed."""

    @override
    def db_check(self, connection: BaseDatabaseWrapper) -> str:
        return f"{_quoted(self, connection)} ~ '^([A-Z]{{3}})?$'"


class ExactEncoder(json.JSONEncoder):
    """JSON with decimals as numbers of their own digits, and dates as text."""

    @override
    def encode(self, o: Any) -> str:
        match o:
            case Decimal():
                return str(o) if o.is_finite() else super().encode(str(o))
            case date():
                return super().encode(o.isoformat())
            case dict():
                return (
                    "{"
                    + ", ".join(f"{super(ExactEncoder, self).encode(str(k))}: {self.encode(v)}" for k, v in o.items())
                    + "}"
                )
            case list() | tuple():
                return "[" + ", ".join(map(self.encode, o)) + "]"
        return super().encode(o)


class ExactDecoder(json.JSONDecoder):
    """JSON whose numbers with a point are decimals."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "parse_float": Decimal})


class FurtherField(_JSONField):
    """Fields of a thing that are kept as they were told, and read by no calculation."""

    def __init__(self, **options: Any) -> None:
        options |= {"encoder": ExactEncoder, "decoder": ExactDecoder, "default": dict, "db_default": {}}
        super().__init__(**options)
