"""Cells of text files: amounts in exact digits, and texts that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from ratable.money import minor_unit_digits, to_major

# A leading one of these makes a formula of a text; the full-width forms do in some locales.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001 - the full-width forms are meant


def amount_cell(amount_minor: int, currency: str) -> str:
    """An amount in major units with the digits of its currency: never rounded, never through a float."""
    return f"{to_major(amount_minor, currency):.{minor_unit_digits(currency)}f}"


def text_cell(text: str) -> str:
    """A text with an apostrophe before what would begin a formula.

    A text that already begins with apostrophes and such a character gets one more, so that taking one
    away gives back every text.
    """
    return f"'{text}" if is_like_a_formula(text.lstrip("'")) else text


def plain_text(cell: str) -> str:
    """The text of a cell: undoes `text_cell`."""
    return cell[1:] if cell.startswith("'") and is_like_a_formula(cell.lstrip("'")) else cell


def is_like_a_formula(text: str) -> bool:
    """Would a spreadsheet take the text for a formula?"""
    return text.startswith(FORMULA_STARTS)


def one_line(text: str) -> str:
    """A text without line breaks and control characters, for formats in which a line is a record."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def csv_file(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file in UTF-8 with the line ends of RFC 4180; the cells are written as they are."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
