"""Every refusal of ours in the shapes of this API: field-keyed, `{"error": …}` or `{"detail": …}`.

Total: a test walks the closed list of refusals. Owns what our fields are called here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from rest_framework.response import Response

from ratable_server.api.problems import Problem
from ratable_server.errors import Refused

CLOSED = "Books are closed for this date"

_FIELD = Problem(status=400)
_ERROR = Problem(status=400, shape="error")
_CONFLICT = Problem(status=409, shape="error")
_GONE = Problem(status=404, shape="detail", text="Not found.")
_FORBIDDEN = Problem(status=403, shape="detail", text="You do not have permission to perform this action.")
_OTHER_REQUEST = Problem(status=422, shape="error")

_OF_PROBLEM: tuple[tuple[Problem, str], ...] = (
    (
        _FIELD,
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
        credit_must_not_exceed_prepaid_commit code_must_be_unused code_must_be_known currency_must_be_known
        currency_must_stay account_must_be_known number_must_be_exact text_must_be_plain date_must_be_in_range
        further_must_be_small prepaid_commit_must_cover_its_draws item_must_cover_its_usage policy_must_be_sound
        file_must_be_readable file_must_be_clean email_must_be_an_address external_id_must_be_unique
        account_names_must_differ amount_must_fit_the_target document_must_stand document_must_be_void
        settlement_must_not_exceed_document credit_memo_must_be_of_the_customer tenant_code_must_be_unused register_must_have_such_a_kind
        entry_must_balance revenue_must_be_posted_once
        close_date_must_end_a_month unit_of_measure_must_be_sold report_must_fall_in_an_item
        reported_quantity_must_count text_must_be_short unique_key_must_be_unused unique_key_must_keep_its_place
        unique_key_must_be_told_once file_must_fan_out_little
        """,
    ),
    (
        _ERROR,
        """
        contract_must_not_be_terminated prepaid_commit_must_not_have_ended periods_must_close_in_order
        only_the_last_closed_period_reopens period_must_exist period_must_be_closed close_must_be_approved_by_another
        reopening_must_have_a_reason rejections_must_be_resolved imports_must_be_finished identities_must_hold
        resolution_must_have_a_reason idempotency_key_must_be_plain entry_must_not_be_reversed
        reversal_must_have_a_reason policy_must_stay_after_a_close nothing_must_depend_on_it document_must_not_be_settled
        credit_memo_must_go_with_its_cause credit_of_adjustment_must_stand
        report_must_be_asked_as_defined usage_must_be_posted account_must_be_mapped owner_must_be_named
        reported_usage_must_not_be_billed reported_usage_must_be_priced_here
        """,
    ),
    (Problem(status=400, shape="error", text=CLOSED), "period_must_be_open"),
    (
        _CONFLICT,
        """
        entry_must_be_written contract_must_be_as_seen change_must_be_of_what_was_seen run_must_be_a_draft run_must_be_current
        idempotency_key_must_not_be_in_use nothing_must_name_it
        """,
    ),
    (_OTHER_REQUEST, "idempotency_key_must_keep_its_request"),
    (_FORBIDDEN, "role_must_allow_it"),
    (
        _GONE,
        """
        prepaid_commit_must_be_known contract_must_be_known item_must_be_known usage_must_be_known tenant_must_be_known
        run_must_be_known entry_must_be_known report_must_be_known revenue_must_be_known close_must_be_known
        export_after_reopening_must_be_chosen
        export_format_must_be_known token_must_be_known document_must_be_known reported_usage_must_be_known
        """,
    ),
)

PROBLEMS: dict[str, Problem] = {code: problem for problem, codes in _OF_PROBLEM for code in codes.split()}

_THEIR_FIELD = {
    "starts_on": "start_date",
    "ends_before": "end_date",
    "code": "id",
    "termination": "termination_date",
    "usage_groups": "usage_groups",
    "percentage": "percentage_allocation",
}
# "prepaid_commit acme/pool": what breaks a rule of terms names the term; which field it is, the rule tells.
_OF_TERM = {
    ("contract", "amount_must_fit_currency"): "minimum_monthly_commitment_amount",
    ("contract", "dates_must_ascend"): "contract_end_date",
    ("contract", "minimum_quantity_needs_one_usage_group"): "minimum_monthly_commitment_quantity",
    ("contract", "minimum_quantity_needs_tiers_of_a_month"): "minimum_monthly_commitment_quantity",
    ("contract", "tier_must_have_a_price"): "price",
    ("percentage", "price_must_fit_the_pricing_model"): "percentage",
    ("milestone", "amount_must_be_positive"): "amount",
    ("milestone", "amount_must_fit_currency"): "amount",
    ("prepaid_commit", "amount_must_be_positive"): "total_value",
    ("prepaid_commit", "amount_must_fit_currency"): "total_value",
    ("prepaid_commit", "dates_must_ascend"): "expiration_date",
    ("prepaid_commit", "prepaid_commit_currency_must_match_contract"): "currency",
    ("product_bundle", "bundle_must_sum_to_100"): "lines",
    ("product_bundle", "percentage_must_be_between_0_and_100"): "lines",
    ("subscription", "amount_must_be_positive"): "total_value",
    ("subscription", "amount_must_fit_currency"): "total_value",
    ("usage_item", "dates_must_ascend"): "end_date",
}
_NO_FIELD = re.compile(r"[a-z_]+ |.*[.\[]")  # "usage_group calls", "usage_groups[0].tiers[1].price"


def answer(refused: Refused, *, named: Mapping[str, str] = MappingProxyType({})) -> Response:
    """The answer to a refusal, with the names that a route has for fields; one in flight says when to ask again."""
    problem = PROBLEMS.get(refused.code, _FIELD)
    headers = {"Retry-After": "1"} if refused.code == "idempotency_key_must_not_be_in_use" else None
    return Response(
        problem.body(refused, field=named.get(refused.field) or _field_of(refused)),
        status=problem.status,
        headers=headers,
    )


def _field_of(refused: Refused) -> str:
    """What the field is called here; nothing, where it is none of the body."""
    known = _OF_TERM.get((refused.field.partition(" ")[0], refused.code))
    if known is not None:
        return known
    return "" if _NO_FIELD.match(refused.field) else _THEIR_FIELD.get(refused.field, refused.field)
