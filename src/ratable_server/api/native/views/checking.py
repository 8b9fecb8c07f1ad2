"""Rows that were rejected, `/api/v1/rejections`, and whether the books are as they were written, `…/verification`."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.native.schemas.checking import (
    RejectionsAsked,
    RejectionsSerializer,
    ResolutionSerializer,
    VerificationSerializer,
)
from ratable_server.api.native.views.documented import gives, posts
from ratable_server.api.native.views.view import NativeView, answer
from ratable_server.clock import now_at
from ratable_server.operations.usage import resolve_rejection
from ratable_server.queries.usage_imports import RejectedPage, RejectedRow, rejected_page
from ratable_server.queries.verification import verification


class Rejections(NativeView):
    """Rejected rows of all imports."""

    @gives(RejectionsSerializer, asks=RejectionsAsked, operation_id="list_rejections")
    def get(self, _request: Request) -> Response:
        """Every rejected row that keeps a month from closing, those that the last draft rejects among them."""
        return _page(self)


class ImportRejections(NativeView):
    """Rejected rows of one import."""

    @gives(RejectionsSerializer, asks=RejectionsAsked, operation_id="list_rejections_of_import")
    def get(self, _request: Request, id: str) -> Response:
        """The rows of an import that were not taken, or that a run rejects, resolved or not."""
        return _page(self, import_code=id)


class Resolution(NativeView):
    """A row that is set aside."""

    @posts(ResolutionSerializer, RejectionsSerializer, status=200, operation_id="resolve_rejection")
    def post(self, _request: Request, id: str, row: int) -> Response:
        """Set a rejected row aside, so that it no longer keeps a month from closing; it stays readable."""
        reason = self.read(ResolutionSerializer)["reason"]
        resolve_rejection(actor=self.actor, import_code=id, row=row, reason=reason, at=now_at())
        return _told(rejected_page(actor=self.actor, import_code=id, row=row))


class Verification(NativeView):
    """Are the books as they were written?"""

    @gives(VerificationSerializer, operation_id="verify")
    def get(self, _request: Request) -> Response:
        """Recompute chains, hashes and identities."""
        checks = verification(self.actor)
        return answer({"is_sound": all(check.is_sound for check in checks), "checks": checks})


def _page(view: NativeView, *, import_code: str | None = None) -> Response:
    asked = {name: view.asked[name] for name in ("limit", "offset")}
    return _told(rejected_page(actor=view.actor, import_code=import_code, **asked))


def _told(page: RejectedPage) -> Response:
    return answer({"count": page.count, "results": [_row(row) for row in page.rows]})


def _row(row: RejectedRow) -> dict[str, Any]:
    names = ("row", "code", "value", "event_id", "raw", "is_blocking", "resolved_at", "resolved_by")
    own = {name: getattr(row, name) for name in names}
    return {**own, "import_id": row.import_code, "item": row.stream, "run": row.run_id}
