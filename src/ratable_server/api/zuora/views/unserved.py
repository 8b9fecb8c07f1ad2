"""Whatever else is below `/v1`: refused in the shape of the part of the API in which it would be."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from typing_extensions import override

from ratable_server.api.zuora.problems import shape_of
from ratable_server.api.zuora.views.view import ZuoraView


class Unserved(ZuoraView):
    """Nothing is here, whatever the method; who is nobody is told that first."""

    schema = None  # no operation of ours

    @override
    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.shape = shape_of(request.path_info)

    @override
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound(f"{request.method} {request.path} is not served here.")
