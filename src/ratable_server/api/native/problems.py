"""Everything that is refused, as a problem document (RFC 9457): what rule, where, and in which request.

Total: a test walks the closed list of refusals. Owns the status of each rule and the names of the rules of HTTP itself.
A thing that is not there is 404 where the path names it, and 400 where the body does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response

from ratable_server.api import answering
from ratable_server.api.json_text import json_text
from ratable_server.api.request_ids import request_id_of
from ratable_server.errors import REFUSALS, WEATHER, Obstructed, Refused

MEDIA_TYPE = "application/problem+json"
TYPES = "/api/v1/problems/"

UNFIT, FORBIDDEN, UNKNOWN, CONFLICT, OTHER_REQUEST = 400, 403, 404, 409, 422

_OF_STATUS: tuple[tuple[int, str], ...] = (
    (
        UNFIT,
        """
        tiers_must_ascend tiers_must_not_leave_a_gap tiers_must_not_overlap tiers_must_have_one_open_end
        tier_must_have_a_price price_plan_currency_must_match_contract package_must_have_a_size bundle_must_sum_to_100
        option_must_fit_the_pricing_model options_must_go_together prerated_plan_must_not_have_tiers
        price_must_fit_the_pricing_model
        tier_maximum_must_not_be_below_minimum quantity_decimals_must_be_at_most_12 dimension_must_have_a_plain_name
        minimum_quantity_needs_tiers_of_a_month drawing_needs_prices_of_quantities
        bundle_must_use_one_basis override_must_name_a_known_tier prepaid_commit_currency_must_match_contract
        minimum_quantity_needs_one_usage_group opening_must_tell_what_a_commit_has_left dates_must_ascend
        rollover_needs_an_expiration rollover_must_have_a_length rollover_must_name_a_later_commit
        capped_rollover_must_begin_with_a_month units_must_have_a_measure units_must_be_kept_exactly
        pool_of_units_has_no_discount item_must_have_units_to_draw amount_must_be_in_the_measure_of_the_pool
        amount_must_be_positive amount_must_fit_currency percentage_must_be_between_0_and_100
        allocation_must_sum_to_total allocation_must_name_a_bundle_item adjustment_must_name_a_closed_period
        adjustment_must_not_make_usage_negative refund_must_not_exceed_liability
        credit_must_not_exceed_prepaid_commit currency_must_be_known currency_must_stay account_must_be_known
        number_must_be_exact text_must_be_plain date_must_be_in_range further_must_be_small policy_must_be_sound
        file_must_be_readable file_must_be_clean email_must_be_an_address external_id_must_be_unique
        account_names_must_differ amount_must_fit_the_target settlement_must_not_exceed_document
        credit_memo_must_be_of_the_customer register_must_have_such_a_kind entry_must_balance close_date_must_end_a_month
        reopening_must_have_a_reason resolution_must_have_a_reason reversal_must_have_a_reason
        idempotency_key_must_be_plain report_must_be_asked_as_defined account_must_be_mapped owner_must_be_named
        export_format_must_be_known unit_of_measure_must_be_sold report_must_fall_in_an_item
        reported_quantity_must_count text_must_be_short unique_key_must_be_told_once
        file_must_fan_out_little
        """,
    ),
    (FORBIDDEN, "role_must_allow_it"),
    (
        UNKNOWN,
        """
        prepaid_commit_must_be_known contract_must_be_known item_must_be_known usage_must_be_known tenant_must_be_known
        run_must_be_known entry_must_be_known report_must_be_known revenue_must_be_known close_must_be_known
        token_must_be_known document_must_be_known code_must_be_known period_must_exist
        reported_usage_must_be_known
        """,
    ),
    (
        CONFLICT,
        """
        code_must_be_unused tenant_code_must_be_unused contract_must_not_be_terminated prepaid_commit_must_not_have_ended
        periods_must_close_in_order only_the_last_closed_period_reopens period_must_be_open period_must_be_closed
        close_must_be_approved_by_another rejections_must_be_resolved imports_must_be_finished identities_must_hold
        entry_must_not_be_reversed policy_must_stay_after_a_close nothing_must_depend_on_it
        document_must_not_be_settled document_must_stand document_must_be_void credit_memo_must_go_with_its_cause
        credit_of_adjustment_must_stand
        usage_must_be_posted entry_must_be_written contract_must_be_as_seen change_must_be_of_what_was_seen
        run_must_be_a_draft run_must_be_current idempotency_key_must_not_be_in_use nothing_must_name_it
        prepaid_commit_must_cover_its_draws item_must_cover_its_usage revenue_must_be_posted_once
        export_after_reopening_must_be_chosen reported_usage_must_not_be_billed reported_usage_must_be_priced_here
        unique_key_must_be_unused unique_key_must_keep_its_place
        """,
    ),
    (OTHER_REQUEST, "idempotency_key_must_keep_its_request"),
)

STATUS_OF: dict[str, int] = {code: status for status, codes in _OF_STATUS for code in codes.split()}

# What HTTP itself refuses: the rule, and what it means.
OF_HTTP: dict[int, tuple[str, str]] = {
    400: ("body_must_be_readable", "the body is one JSON text in UTF-8, each name in it once"),
    401: ("token_must_be_valid", "the header Authorization has a token that is valid"),
    403: ("role_must_allow_it", "the actor's role does not include this act"),
    404: ("path_must_be_known", "there is nothing at this path"),
    405: ("method_must_be_served", "the path does not have this method"),
    406: ("answer_must_be_accepted", "the answer is in a form that the request does not accept"),
    413: ("body_must_be_in_limits", "the body is larger than this path reads"),
    415: ("body_must_be_of_a_read_type", "the body is of a type that this path does not read"),
    429: ("requests_must_be_in_limits", "too many requests in this minute"),
    500: ("server_must_not_fail", "a fault of the server, which has logged it"),
    503: ("server_must_be_ready", "the server cannot answer now"),
}
FIELDS = ("fields_must_be_valid", "each field and each parameter is known and of its kind")
FIELD_RULES: dict[str, str] = {
    "unknown": "field_must_be_known",
    "required": "field_must_be_given",
    "null": "field_must_not_be_null",
    "blank": "field_must_not_be_blank",
}
FIELD_RULE = "field_must_be_valid"

_SHOWN = 10  # faults in the words of a problem

MEANINGS: dict[str, str] = {
    **{code.name: code.meaning for code in (*REFUSALS, *WEATHER)},
    **{code: meaning for status, (code, meaning) in OF_HTTP.items() if status != FORBIDDEN},
    FIELDS[0]: FIELDS[1],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: which rule, and the field or the row of a file that breaks it."""

    rule: str
    field: str | None = None
    row: int | None = None
    detail: str | None = None

    def told(self) -> dict[str, Any]:
        """As an entry of `errors`."""
        return {"field": self.field, "rule": self.rule, "row": self.row, "detail": self.detail}


def status_of(refused: Refused, *, is_named: bool) -> int:
    """The status of a refusal; `is_named`: the path names a thing."""
    status = STATUS_OF[refused.code]
    return UNFIT if status == UNKNOWN and not is_named else status


def faults_of(refused: Refused, names: Mapping[str, str]) -> list[Fault]:
    """Each thing that stands in the way; rows of a file where it was refused for these."""
    if isinstance(refused, Obstructed):
        return [Fault(rule=one.code, field=one.field, detail=one.detail) for one in refused.obstacles]
    receipt = getattr(refused, "receipt", None)
    if receipt is not None:
        return [Fault(rule=one.code, row=one.row, detail=one.value) for one in receipt.rejections]
    return [Fault(rule=refused.code, field=_field_of(refused, names), detail=refused.detail)]


def _field_of(refused: Refused, names: Mapping[str, str]) -> str | None:
    """`contract_must_be_known` is about the contract, also where the refusal names the whole: the payment."""
    own = names.get(refused.code) or names.get(refused.field)
    if own:
        return own
    thing = refused.code.removesuffix("_must_be_known")
    if thing not in {refused.code, "code"}:
        return thing
    return "amount" if refused.code.startswith("amount_must_") else refused.field or None


def problem(request: Any, code: str, status: int, *, detail: str, faults: Sequence[Fault] = ()) -> dict[str, Any]:
    """A problem document."""
    return {
        "type": f"{TYPES}{code}",
        "title": MEANINGS[code],
        "status": status,
        "detail": detail,
        "instance": escape_uri_path(request.path),
        "request_id": request_id_of(request),
        "code": code,
        "errors": [fault.told() for fault in faults],
        "import_id": None,
    }


def answer_refused(
    request: Any, refused: Refused, *, is_named: bool, names: Mapping[str, str] | None = None
) -> Response:
    """The answer to a refusal; one that is in flight says when to ask again."""
    status = status_of(refused, is_named=is_named)
    headers = {"Retry-After": "1"} if refused.code == "idempotency_key_must_not_be_in_use" else None
    told = problem(request, refused.code, status, detail=refused.detail, faults=faults_of(refused, names or {}))
    receipt = getattr(refused, "receipt", None)
    return _answer({**told, "import_id": getattr(receipt, "import_code", None)}, headers)


def answer_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an exception of a view; None for a fault of ours, which goes on as such."""
    answer = answering.answer_exception(error, context)
    if answer is None or isinstance(error, Refused):
        return answer
    request = context["request"]
    if isinstance(error, ValidationError):
        faults = list(_faults(error.detail))
        told = problem(request, FIELDS[0], UNFIT, detail=_lines(faults), faults=faults)
    else:
        code = answer.data.get("code") or OF_HTTP[answer.status_code][0]
        field, detail = getattr(error, "field", ""), str(answer.data["detail"])
        faults = [Fault(rule=code, field=field, detail=detail)] if field else []
        told = problem(request, code, answer.status_code, detail=detail, faults=faults)
    kept = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    return _answer(told, kept)


def bare_answer(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    """Where no view answers: an unknown path, a fault."""
    told = problem(request, OF_HTTP[status][0], status, detail=detail)
    return HttpResponse(json_text(told), status=status, content_type=MEDIA_TYPE)


def _answer(told: dict[str, Any], headers: Mapping[str, str] | None) -> Response:
    return Response(told, status=told["status"], headers=headers, content_type=MEDIA_TYPE)


def _faults(detail: Any, path: str = "") -> Iterator[Fault]:
    """What DRF tells, with the path of each field: `lines[0].amount`."""
    match detail:
        case dict():
            for name, inner in detail.items():
                yield from _faults(inner, _below(path, name))
        case list():
            for place, inner in enumerate(detail):
                yield from _faults(inner, path if isinstance(inner, str) else f"{path}[{place}]")
        case ErrorDetail():
            rule = FIELD_RULES.get(detail.code or "", FIELD_RULE)
            yield Fault(rule=rule, field=path or None, detail=str(detail))


def _below(path: str, name: str | int) -> str:
    """The path of a field of an object, or of a place of a list."""
    if isinstance(name, int):
        return f"{path}[{name}]"
    if name == "non_field_errors":
        return path
    return f"{path}.{name}" if path else name


def _lines(faults: Sequence[Fault]) -> str:
    """The first few in words; all of them are in `errors`."""
    more = [f"and {len(faults) - _SHOWN:,} more"] if len(faults) > _SHOWN else []
    return "; ".join([*map(_line, faults[:_SHOWN]), *more])


def _line(fault: Fault) -> str:
    return f"{fault.field}: {fault.detail}" if fault.field else str(fault.detail)
