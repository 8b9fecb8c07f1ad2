"""The closed lists of what a request can be told, without a word of HTTP.

    Refused       the request cannot be done: a rule, named, with the field that broke it
    Obstructed    the same of a close, with everything that stands in its way
    Unavailable   the weather: the database cannot answer now; the same request may pass later

Owns the names of the server's own refusals; those of terms and acts are `ratable.errors.REFUSALS`
and keep their names. Broken laws are `ratable.errors.InvariantError` and are never caught.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from ratable.errors import REFUSALS as ACT_REFUSALS
from ratable.errors import Code, RatableError

# What only the books can refuse: roles, states of periods and runs, repeated requests.
BOOK_REFUSALS: tuple[Code, ...] = (
    Code("role_must_allow_it", "the actor's role does not include this act"),
    Code("tenant_must_be_known", "no tenant has this code", True),
    Code("tenant_code_must_be_unused", "another tenant has this code"),
    Code("code_must_be_unused", "something of this kind has this code already"),
    Code("code_must_be_known", "nothing of this kind has this code", True),
    Code("period_must_exist", "the month has no period yet", True),
    Code("period_must_be_open", "the period is closed", True),
    Code("period_must_be_closed", "the period is not closed; only what is closed can be reopened or exported", True),
    Code("close_must_be_approved_by_another", "the tenant wants a second person to close", True),
    Code("reopening_must_have_a_reason", "a closed period is reopened for a stated reason"),
    Code("run_must_be_known", "no run has this id", True),
    Code("run_must_be_a_draft", "the run is posted, discarded or failed"),
    Code("run_must_be_current", "facts or terms have changed since the run was computed", True),
    Code("rejections_must_be_resolved", "a blocking rejection is open", True),
    Code("imports_must_be_finished", "an import of usage is not finished", True),
    Code("identities_must_hold", "a completeness identity of the month does not hold"),
    Code("resolution_must_have_a_reason", "a rejected row is set aside for a stated reason"),
    Code("file_must_be_readable", "the file is not CSV, NDJSON or Parquet, or its columns are not usage"),
    Code("file_must_be_clean", "a row was rejected, and the file is taken as a whole or not at all"),
    Code("idempotency_key_must_keep_its_request", "the key was used with another request"),
    Code("idempotency_key_must_be_plain", "a key has 1 to 255 printable ASCII characters"),
    Code("entry_must_be_known", "no journal entry has this id", True),
    Code("entry_must_balance", "a written entry has two lines or more, each with one side, and both sides are equal"),
    Code("entry_must_be_written", "the entry comes of usage or a document: take these back, or reverse it"),
    Code("revenue_must_be_posted_once", "another journal entry posts this revenue already"),
    Code("document_must_be_known", "no document of this kind has this id", True),
    Code("document_must_stand", "the document is void, or a draft"),
    Code("document_must_be_void", "the document stands"),
    Code(
        "document_must_not_be_settled", "an invoice has payments, or a credit memo was used; that is taken back first"
    ),
    Code("settlement_must_not_exceed_document", "more than what is due of an invoice, or left of a credit memo"),
    Code(
        "credit_memo_must_go_with_its_cause",
        "a credit memo goes with what has made it",
    ),
    Code(
        "credit_of_adjustment_must_stand",
        "what an adjustment has credited stays billed as its credit memo tells it, until an opposite one of a later day is billed",
        True,
    ),
    Code("credit_memo_must_be_of_the_customer", "a credit memo is of another customer or in another currency"),
    Code("entry_must_not_be_reversed", "the journal entry has been reversed already"),
    Code("reversal_must_have_a_reason", "a posted entry is reversed for a stated reason"),
    Code("policy_must_be_sound", "a policy is not one of its choices"),
    Code("policy_must_stay_after_a_close", "a closed month would be computed under another policy", True),
    Code(
        "price_must_fit_the_pricing_model",
        "a plan in percent has percentages, one of units prices, and a contract's own price is like that of its tier",
    ),
    Code("currency_must_be_known", "no currency of ISO 4217 has this code"),
    Code("currency_must_stay", "a contract keeps the currency in which it was signed"),
    Code("account_must_be_known", "a balance is brought in on no such account"),
    Code("number_must_be_exact", "a number has at most 18 digits before and 12 behind the point, a percentage 10"),
    Code("text_must_be_plain", "an id has 1 to 500 characters, and no text has control characters"),
    Code("date_must_be_in_range", "a date is before 1900 or after 2999"),
    Code("contract_must_be_as_seen", "the contract has been changed since it was read", True),
    Code("change_must_be_of_what_was_seen", "what is to be changed has been changed since it was read", True),
    Code("register_must_have_such_a_kind", "the register keeps no such things"),
    Code("nothing_must_name_it", "terms, documents or other names point to what is to go"),
    Code("close_date_must_end_a_month", "books are closed through the last day of a month"),
    Code("further_must_be_small", "further fields are nested too deeply, or too many"),
    Code("nothing_must_depend_on_it", "usage, documents, posted rows or other terms depend on what is to go"),
    Code("prepaid_commit_must_cover_its_draws", "usage has drawn more of the prepaid commit than it would have"),
    Code("item_must_cover_its_usage", "usage is recorded on days that the usage item would not cover"),
    Code("report_must_be_known", "no report has this name"),
    Code("report_must_be_asked_as_defined", "the report has no such key, periods or day"),
    Code("usage_must_be_posted", "the usage is void, or nothing of its month is posted yet", True),
    Code("revenue_must_be_known", "no revenue has these keys, or that of two currencies", True),
    Code("close_must_be_known", "the month has no such close", True),
    Code(
        "export_after_reopening_must_be_chosen", "the month was closed again: its difference or the whole of it", True
    ),
    Code("account_must_be_mapped", "a line of the journal has a role without an account"),
    Code("account_names_must_differ", "two accounts would have one name in plain text, or one would have none"),
    Code("amount_must_fit_the_target", "the target of an export takes fewer digits than an amount has"),
    Code("export_format_must_be_known", "there is no such format"),
    Code("external_id_must_be_unique", "two entries of an export would have one id"),
    Code("idempotency_key_must_not_be_in_use", "the first request with this key is still being answered", True),
    Code("email_must_be_an_address", "an e-mail address has one @ and no spaces"),
    Code("token_must_be_known", "no token has this id"),
    Code("reported_usage_must_be_known", "no reported usage has this id"),
    Code("reported_usage_must_not_be_billed", "an invoice has billed the usage: it keeps all but its further fields"),
    Code("reported_usage_must_be_priced_here", "usage that is priced dynamically is neither changed nor deleted"),
    Code("unit_of_measure_must_be_sold", "no usage item that is meant is sold by this unit of measure"),
    Code("report_must_fall_in_an_item", "no usage item that is meant covers the day on which the usage starts"),
    Code("reported_quantity_must_count", "a quantity is a number of at most 13 digits before the point, not negative"),
    Code("text_must_be_short", "a text has more characters than its field"),
    Code("unique_key_must_be_unused", "other reported usage has this key"),
    Code("unique_key_must_keep_its_place", "usage under a key keeps its customer, its contract and its item"),
    Code("unique_key_must_be_told_once", "two rows of a file have the same key"),
    Code("file_must_fan_out_little", "the rows of a file count on too many usage items together"),
    Code("owner_must_be_named", "migrations are pending, and no connection of the owner is named", True),
)

# What the database can answer instead of working; each may pass later, unchanged.
WEATHER: tuple[Code, ...] = (
    Code("db_unavailable", "the database cannot be reached, or ended the connection", True),
    Code("busy", "a lock, a statement or a conflict took too long", True),
    Code("read_only", "the database takes no writes now", True),
    Code("storage_full", "the database has no room left", True),
)

REFUSALS: tuple[Code, ...] = (*ACT_REFUSALS, *BOOK_REFUSALS)
_REFUSAL_OF = {code.name: code for code in REFUSALS}
_WEATHER_OF = {code.name: code for code in WEATHER}


class Refused(RatableError):
    """A request that cannot be done; `code` is the rule that it breaks, `field` what breaks it."""

    def __init__(self, code: str, *, field: str = "", detail: str = "") -> None:
        self.rule = _REFUSAL_OF[code]
        self.code = code
        self.field = field
        self.detail = detail or self.rule.meaning
        super().__init__(_told(code, field, self.detail))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Each rule that stands in the way, in a line of its own."""
        return (str(self),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """One reason why a month cannot be closed now: the rule, what breaks it, and the figures."""

    code: str
    detail: str
    field: str = "period"


class Obstructed(Refused):
    """A close that cannot be made; `obstacles` are all that stands in its way, the first one is its `code`."""

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        first = obstacles[0]
        super().__init__(first.code, field=first.field, detail=first.detail)
        self.obstacles = tuple(obstacles)

    @property
    @override
    def reasons(self) -> tuple[str, ...]:
        return tuple(_told(one.code, one.field, one.detail) for one in self.obstacles)

    @override
    def __str__(self) -> str:
        return "; ".join(self.reasons)


class Unavailable(RatableError):
    """The database cannot answer now; the books are as they were, and the same request may pass later."""

    def __init__(self, code: str, *, detail: str = "") -> None:
        self.rule = _WEATHER_OF[code]
        self.code = code
        self.detail = detail or self.rule.meaning
        super().__init__(f"{code}: {self.detail}")


def _told(*parts: str) -> str:
    return ": ".join(part for part in parts if part)
