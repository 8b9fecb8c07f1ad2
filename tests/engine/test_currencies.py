"""Currencies are those of ISO 4217, with its digits; one that was known stays known."""

from __future__ import annotations

import iso4217
import pytest

from ratable.currencies import CURRENCIES, MINOR_UNIT_DIGITS
from ratable.money import minor_unit_digits

# As the list of 2026-01-01 has them: every code whose digits are not 2, and how many have 2.
NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THREE = "BHD IQD JOD KWD LYD OMR TND"
FOUR = "CLF UYW"


def test_digits_are_those_of_the_published_list():
    published = {currency.code: currency.exponent for currency in iso4217.Currency}
    assert {code: published[code] for code in CURRENCIES & set(published)} == {
        code: MINOR_UNIT_DIGITS[code] for code in CURRENCIES & set(published)
    }


def test_digits_do_not_change_with_an_upgrade():
    for digits, codes in ((0, NONE), (3, THREE), (4, FOUR)):
        assert {code for code, found in MINOR_UNIT_DIGITS.items() if found == digits} == set(codes.split())
    assert sum(found == 2 for found in MINOR_UNIT_DIGITS.values()) >= 140


@pytest.mark.parametrize("code", ["BGN", "XCG", "ZWG", "USN", "XAD"])
def test_new_and_withdrawn_currencies_are_known(code: str):
    assert minor_unit_digits(code) == 2


@pytest.mark.parametrize("code", ["XAU", "XDR", "XTS", "XXX", "usd", "HRK", ""])
def test_what_has_no_minor_unit_is_no_currency_to_book_in(code: str):
    assert code not in CURRENCIES
    with pytest.raises(KeyError):
        minor_unit_digits(code)
