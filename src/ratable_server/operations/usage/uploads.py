"""What somebody sends: a file with how it is to be taken."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

OnChange = Literal["reject", "revise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file of usage. `item` is the one that rows without an item belong to; without a format its name tells it.

    `is_partial` keeps the good rows of a file with bad ones; else a file is taken as a whole or not at all.
    `on_change` says what other content under a known id is: a contradiction, or a revision.
    """

    source: Path | IO[bytes]
    name: str = ""
    format: str | None = None
    item: str | None = None
    is_partial: bool = False
    on_change: OnChange = "reject"

    def file_name(self) -> str:
        """The name to be remembered: the last part, without what a terminal would act on."""
        name = self.name or (self.source.name if isinstance(self.source, Path) else "")
        last = name.replace("\\", "/").rsplit("/", 1)[-1]
        return "".join(character for character in last if character.isprintable())[:200]
