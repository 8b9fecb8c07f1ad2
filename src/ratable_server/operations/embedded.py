"""The embedded PostgreSQL as a thing that people start and stop."""

from __future__ import annotations

from pathlib import Path

from ratable_server.store import embedded, places

EmbeddedServerError = embedded.EmbeddedServerError


def start_embedded_server() -> None:
    """Start it if it is the one in use and does not run. Idempotent."""
    embedded.start_if_used()


def wake_embedded_server() -> None:
    """Start it as above, but only where there is one already."""
    if places.cluster().is_dir():
        embedded.start_if_used()


def stop_embedded_server() -> bool:
    """Stop it, once open statements have been ended; False if it did not run, or is not the one in use."""
    return places.is_embedded() and embedded.stop()


def is_short_enough(home: Path) -> bool:
    """Whether the socket of a server whose RATABLE_HOME is this folder fits into a path."""
    return embedded.socket_bytes(places.cluster_in(home)) <= embedded.SOCKET_BYTES
