"""The hash of an import: of its accepted rows in their order, chained to that of the import before.

Rows are hashed in blocks, so that neither the database nor this process ever holds all of them. `settling` has the
same in SQL, for files of which some rows are not accepted and for rows that are in the books already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

BLOCK_ROWS = 10_000  # a row belongs to the block of its number divided by this
NO_HASH = "0" * 64
_HASH_BYTES = 32


class BlockDigests:
    """The digests of blocks, of a file whose rows are all accepted and were read in their order."""

    def __init__(self) -> None:
        self._row = 1
        self._is_in_order = True
        self._open = hashlib.sha256()
        self._closed: list[bytes] = []

    def add(self, rows: list[int], hashes: bytes) -> None:
        """The numbers of the next rows, and their hashes; rows that come out of order leave nothing to tell."""
        self._is_in_order = self._is_in_order and rows == list(range(self._row, self._row + len(rows)))
        rest = memoryview(hashes)
        while rest:
            left = BLOCK_ROWS - self._row % BLOCK_ROWS
            part = rest[: left * _HASH_BYTES]
            rest = rest[len(part) :]
            self._open.update(part)
            self._row += len(part) // _HASH_BYTES
            if self._row % BLOCK_ROWS == 0:
                self._close()

    def chained(self, previous: str) -> str | None:
        """The hash of the import that follows one with this hash; None if rows did not come in order."""
        if not self._is_in_order:
            return None
        digests = [*self._closed, self._open.digest()] if self._has_open() else self._closed
        return chain(previous, digests)

    def _has_open(self) -> bool:
        return self._row % BLOCK_ROWS != (0 if self._closed else 1)

    def _close(self) -> None:
        self._closed.append(self._open.digest())
        self._open = hashlib.sha256()


def block_digests(blocks: Iterable[Iterable[bytes]]) -> list[bytes]:
    """The digests of blocks of hashes."""
    return [hashlib.sha256(b"".join(block)).digest() for block in blocks]


def chain(previous: str, digests: Iterable[bytes]) -> str:
    """The hash of blocks behind the hash of the import before."""
    return hashlib.sha256(previous.encode() + b"".join(digests)).hexdigest()
