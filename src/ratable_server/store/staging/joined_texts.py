"""Many texts travel to the database as one, which it cuts apart: an array of them costs this process ten times that."""

from __future__ import annotations

from collections.abc import Sequence


def joined(cells: Sequence[str]) -> tuple[str, str]:
    """Texts as one, and what stands between them: a character that is in none.

    One stands before the first, too, since one empty text would be an array without any: `string_to_array(…)[2:]`.
    """
    letter = 0x1F
    while (told := chr(letter).join(["", *cells])).count(chr(letter)) > len(cells):
        letter += 1
    return told, chr(letter)
