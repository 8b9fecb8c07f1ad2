"""Every route of the server."""

from __future__ import annotations

from ratable_server.api.routes import urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

handler400 = "ratable_server.api.answering.bad_request"
handler403 = "ratable_server.api.answering.forbidden"
handler404 = "ratable_server.api.answering.not_found"
handler500 = "ratable_server.api.answering.server_error"
