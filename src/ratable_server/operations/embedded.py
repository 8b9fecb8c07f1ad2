"""The embedded PostgreSQL as a thing that people start and stop."""

from __future__ import annotations

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
