"""`Idempotency-Key` as this API has it: the first result counts for a day, whether it succeeded or failed.

What went wrong before a request was worked on uses up no key: who is nobody, too many requests, a body that cannot be read;
nor does bad weather.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from ratable_server.api.idempotency import Keeping, View, answer_of, answered_by
from ratable_server.errors import Refused
from ratable_server.operations.idempotency import Answer, Declined, answer_or_refuse_once

KEPT_FOR = timedelta(hours=24)
_FAULT = 500


def answered_for_a_day(method: View) -> Callable[..., Response | HttpResponse]:
    """A view's method that works once per key; a refusal is remembered like a success."""
    return answered_by(_KEEPING, method)


def _answer_or_decline(view: Any, work: Callable[[], Response]) -> Answer:
    try:
        return answer_of(work())
    except (Refused, APIException) as error:
        if isinstance(error, APIException) and error.status_code >= _FAULT:
            raise
        raise Declined(answer_of(view.handle_exception(error))) from error


_KEEPING = Keeping(once=answer_or_refuse_once, answer=_answer_or_decline, space="zuora", kept_for=KEPT_FOR)
