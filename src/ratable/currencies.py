"""The currencies of ISO 4217, by code, with the digits of their minor unit.

Owns which codes are known: those in use, from the published list (package `iso4217`), and those withdrawn since the
first months that books may hold. Codes without a minor unit (gold, drawing rights, tests) are none to book in.
"""

from __future__ import annotations

import iso4217

# No longer in the published list, with the last day of use. A currency that leaves it is added here: closed months keep it.
_WITHDRAWN = {
    "BGN": 2,  # 2025-12-31
}

MINOR_UNIT_DIGITS: dict[str, int] = _WITHDRAWN | {
    currency.code: currency.exponent for currency in iso4217.Currency if currency.exponent is not None
}
CURRENCIES = frozenset(MINOR_UNIT_DIGITS)
