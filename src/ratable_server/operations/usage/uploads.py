"""What somebody sends: a file with how it is to be taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from ratable_server.store.staging.columns import Words
from ratable_server.store.staging.worded import NO_FLAG, Place

__all__ = ["NO_FLAG", "OnChange", "Place", "Upload", "WordedUpload", "Words"]

OnChange = Literal["reject", "revise", "restate"]
"""Other content under a known id: a contradiction, a revision, or one of a closed month too, as the policy lets late usage be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file of usage. `item` is the one that rows without an item belong to; without a format its name tells it.

    `is_partial` keeps the good rows of a file with bad ones; else a file is taken as a whole or not at all.
    `on_change` says what other content under a known id is: a contradiction, or a revision. Without `takes_late` usage
    of a closed month is rejected, whatever the policy says.
    """

    source: Path | IO[bytes]
    name: str = ""
    format: str | None = None
    item: str | None = None
    is_partial: bool = False
    on_change: OnChange = "reject"
    takes_late: bool = True

    def file_name(self) -> str:
        """The name to be remembered: the last part, without what a terminal would act on."""
        name = self.name or (self.source.name if isinstance(self.source, Path) else "")
        last = name.replace("\\", "/").rsplit("/", 1)[-1]
        return "".join(character for character in last if character.isprintable())[:200]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordedUpload:
    """A file in the words of somebody else, about certain places; a row that names none is of `place`.

    It is taken as a whole or not at all. What it says of an id that is known is a revision; usage of a closed month is
    rejected, and corrected by rows that are adjustments. `row_ids` begins the ids of rows without one: the same file
    again has the same ids, unless `is_forced`. Usage under ids that begin with `replaces` gives way in the months of the
    file: it was told for them as a whole.
    """

    file: Upload
    words: Words
    places: Mapping[str, Place]
    row_ids: str
    place: str = ""
    replaces: str = ""
    is_forced: bool = False
