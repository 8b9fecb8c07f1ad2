"""Every refusal of ours in this API's words: a status, a code in letters, a category in digits, and one of two shapes.

`errors` is `{"Success": false, "Errors": [{"Code", "Message"}]}`; `reasons` is `{"success": false, "processId", "requestId",
"reasons": [{"code", "message"}]}` with codes of eight digits: six of the resource, two of the category. Who is not let in is
told one sentence whatever the shape. Total: a test walks the closed list of refusals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import APIException, ErrorDetail, NotAuthenticated, ValidationError

from ratable_server.api.json_text import json_text
from ratable_server.api.problems import told_text
from ratable_server.api.request_ids import request_id_of
from ratable_server.errors import Obstacle, Obstructed, Refused

Shape = Literal["errors", "reasons"]

UNAUTHENTICATED = {"message": "Authentication error"}
UNRECOGNISED = {"message": "Error - unrecognised fields"}
REALMS = "Basic realm=Zuora API, ZSession realm=Zuora API, Bearer realm=Zuora API"
ANY_RESOURCE = 500_000

_PERMISSION, _AUTHENTICATION, _INVALID, _MISSING, _RULE, _NOT_FOUND = 10, 11, 20, 22, 30, 40
_METHOD, _LOCK, _INTERNAL, _TEMPORARY, _LIMIT, _MALFORMED = 45, 50, 60, 61, 70, 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """How this API tells one refusal."""

    status: int
    code: str
    category: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a request."""

    code: str
    category: int
    message: str


_OF_REFUSAL: tuple[tuple[Problem, str], ...] = (
    (
        Problem(status=400, code="INVALID_VALUE", category=_INVALID),
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
        amount_must_be_positive amount_must_fit_currency
        percentage_must_be_between_0_and_100 allocation_must_sum_to_total allocation_must_name_a_bundle_item
        adjustment_must_name_a_closed_period adjustment_must_not_make_usage_negative refund_must_not_exceed_liability
        credit_must_not_exceed_prepaid_commit code_must_be_known currency_must_be_known
        currency_must_stay account_must_be_known number_must_be_exact text_must_be_plain date_must_be_in_range
        further_must_be_small prepaid_commit_must_cover_its_draws item_must_cover_its_usage policy_must_be_sound
        file_must_be_readable file_must_be_clean file_must_fan_out_little email_must_be_an_address
        account_names_must_differ amount_must_fit_the_target document_must_be_void
        settlement_must_not_exceed_document credit_memo_must_be_of_the_customer register_must_have_such_a_kind
        entry_must_balance close_date_must_end_a_month idempotency_key_must_be_plain
        reopening_must_have_a_reason resolution_must_have_a_reason reversal_must_have_a_reason
        report_must_be_asked_as_defined account_must_be_mapped owner_must_be_named export_after_reopening_must_be_chosen
        contract_must_be_known item_must_be_known prepaid_commit_must_be_known tenant_must_be_known
        unit_of_measure_must_be_sold report_must_fall_in_an_item reported_quantity_must_count text_must_be_short
        """,
    ),
    (
        Problem(status=400, code="DUPLICATE_VALUE", category=_RULE),
        """
        code_must_be_unused tenant_code_must_be_unused external_id_must_be_unique revenue_must_be_posted_once
        unique_key_must_be_unused unique_key_must_be_told_once
        """,
    ),
    (
        Problem(status=400, code="INVALID_VALUE", category=_RULE),
        """
        contract_must_not_be_terminated prepaid_commit_must_not_have_ended periods_must_close_in_order
        only_the_last_closed_period_reopens period_must_exist period_must_be_open period_must_be_closed
        close_must_be_approved_by_another rejections_must_be_resolved imports_must_be_finished identities_must_hold
        entry_must_not_be_reversed policy_must_stay_after_a_close nothing_must_depend_on_it document_must_not_be_settled
        credit_memo_must_go_with_its_cause credit_of_adjustment_must_stand document_must_stand usage_must_be_posted
        entry_must_be_written
        contract_must_be_as_seen change_must_be_of_what_was_seen run_must_be_a_draft run_must_be_current
        nothing_must_name_it reported_usage_must_not_be_billed reported_usage_must_be_priced_here
        unique_key_must_keep_its_place
        """,
    ),
    (
        Problem(status=400, code="INVALID_ID", category=_NOT_FOUND),
        """
        usage_must_be_known reported_usage_must_be_known run_must_be_known entry_must_be_known report_must_be_known revenue_must_be_known
        close_must_be_known export_format_must_be_known token_must_be_known document_must_be_known
        """,
    ),
    (Problem(status=409, code="LOCK_COMPETITION", category=_LOCK), "idempotency_key_must_not_be_in_use"),
    (Problem(status=422, code="INVALID_VALUE", category=_INVALID), "idempotency_key_must_keep_its_request"),
    (Problem(status=403, code="INVALID_SESSION", category=_PERMISSION), "role_must_allow_it"),
)

PROBLEMS: dict[str, Problem] = {code: problem for problem, codes in _OF_REFUSAL for code in codes.split()}
_OF_NEW = Problem(status=400, code="INVALID_VALUE", category=_INVALID)

_OF_STATUS: dict[int, Problem] = {
    each.status: each
    for each in (
        Problem(status=400, code="INVALID_VALUE", category=_INVALID),
        Problem(status=404, code="INVALID_ID", category=_NOT_FOUND),
        Problem(status=405, code="INVALID_TYPE", category=_METHOD),
        Problem(status=413, code="REQUEST_EXCEEDED_LIMIT", category=_LIMIT),
        Problem(status=415, code="INVALID_TYPE", category=_MALFORMED),
        Problem(status=429, code="REQUEST_EXCEEDED_LIMIT", category=_LIMIT),
        Problem(status=500, code="UNKNOWN_ERROR", category=_INTERNAL),
        Problem(status=503, code="SERVER_UNAVAILABLE", category=_TEMPORARY),
    )
}

THEIR_FIELD = {
    "customer": "AccountNumber",
    "contract": "SubscriptionNumber",
    "item": "ChargeNumber",
    "unit_of_measure": "UOM",
    "quantity": "Quantity",
    "used_at": "StartDateTime",
    "started_at": "StartDateTime",
    "ended_at": "EndDateTime",
    "description": "Description",
    "unique_key": "UniqueKey",
}
_CAPITALISED = re.compile(r"/v1/(object|action)(/.*)?")
_NO_FIELD = re.compile(r"[a-z_]+ |.*[.\[]")  # "usage_group calls", "usage_groups[0].tiers[1].price"


def status_of(refused: Refused) -> int:
    """The status of an answer that is nothing but this refusal."""
    return PROBLEMS.get(refused.code, _OF_NEW).status


def faults_of(refused: Refused) -> list[Fault]:
    """What a refusal says, each thing that stands in the way by itself."""
    if isinstance(refused, Obstructed):
        return [_of_obstacle(each) for each in refused.obstacles]
    problem = PROBLEMS.get(refused.code, _OF_NEW)
    return [Fault(code=problem.code, category=problem.category, message=_message(refused, problem))]


def faults_of_exception(error: APIException) -> list[Fault]:
    """What Django REST framework found wrong: each wrong field by itself."""
    if isinstance(error, ValidationError):
        return list(_of_fields(error.detail, ""))
    problem = _of_status(error.status_code)
    return [Fault(code=problem.code, category=_category(error, problem), message=str(error.detail))]


def fault_of_status(status: int, message: str) -> Fault:
    """What is wrong, where nothing but a status is known."""
    problem = _of_status(status)
    return Fault(code=problem.code, category=problem.category, message=message)


def broken_rule(message: str) -> Fault:
    """A rule of this API alone, which the books do not have."""
    return Fault(code="INVALID_VALUE", category=_RULE, message=message)


def capitalised(faults: Iterable[Fault]) -> list[dict[str, str]]:
    """Faults as `Errors` has them."""
    return [{"Code": each.code, "Message": each.message} for each in faults]


def lower_case(faults: Iterable[Fault]) -> list[dict[str, str]]:
    """Faults as `errors` of a deletion has them."""
    return [{"code": each.code, "message": each.message} for each in faults]


def body_of(faults: Sequence[Fault], *, shape: Shape, resource: int, request_id: str) -> dict[str, Any]:
    """The body of an answer that is nothing but faults."""
    if shape == "errors":
        return {"Success": False, "Errors": capitalised(faults)}
    return {
        "success": False,
        "processId": work_id(request_id),
        "reasons": [{"code": resource * 100 + each.category, "message": each.message} for each in faults],
        "requestId": request_id,
    }


def forbidden(message: str, *, resource: int) -> dict[str, Any]:
    """The body of a 403."""
    return {"code": resource * 100 + _PERMISSION, "message": message}


def shape_of(path: str) -> Shape:
    """The shape of refusals below a path."""
    return "errors" if _CAPITALISED.fullmatch(path) else "reasons"


def bare_answer(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    """What is refused before any view, or is a fault of ours, in the shape of the path that was asked."""
    body = body_of(
        [fault_of_status(status, detail)],
        shape=shape_of(request.path_info),
        resource=ANY_RESOURCE,
        request_id=request_id_of(request),
    )
    return HttpResponse(json_text(body), status=status, content_type="application/json")


def work_id(request_id: str) -> str:
    """What the API calls the work of a request: made of its id."""
    return request_id.replace("-", "")[:16].upper()


def _of_obstacle(obstacle: Obstacle) -> Fault:
    problem = PROBLEMS.get(obstacle.code, _OF_NEW)
    return Fault(code=problem.code, category=problem.category, message=told_text(_refused(obstacle)))


def _refused(obstacle: Obstacle) -> Refused:
    return Refused(obstacle.code, field=obstacle.field, detail=obstacle.detail)


def _message(refused: Refused, problem: Problem) -> str:
    field = "" if _NO_FIELD.match(refused.field) else THEIR_FIELD.get(refused.field, "")
    text = told_text(refused)
    return f"Invalid value for field {field}: {text}" if field and problem.code == "INVALID_VALUE" else text


def _of_status(status: int) -> Problem:
    return _OF_STATUS.get(status, _OF_STATUS[500 if status >= 500 else 400])  # noqa: PLR2004 - of HTTP


def _category(error: APIException, problem: Problem) -> int:
    if isinstance(error, NotAuthenticated):
        return _AUTHENTICATION
    return _MALFORMED if error.default_code == "parse_error" else problem.category


def _of_fields(detail: Any, name: str) -> Iterable[Fault]:
    """Every message of a tree of them, with the name of its field."""
    if isinstance(detail, Mapping):
        for field, below in detail.items():
            yield from _of_fields(below, "" if field == "non_field_errors" else str(field))
    elif isinstance(detail, list):
        for each in detail:
            yield from _of_fields(each, name)
    elif isinstance(detail, ErrorDetail) and detail.code in {"required", "null", "blank"} and name:
        yield Fault(code="MISSING_REQUIRED_VALUE", category=_MISSING, message=f"Missing required value: {name}")
    else:
        message = f"Invalid value for field {name}: {detail}" if name else str(detail)
        yield Fault(code="INVALID_VALUE", category=_INVALID, message=message)
