"""What the books know at a point of the story: facts, documents and amendments, in play order.

Owns the effect of each act on what is known, and which acts cannot be. Does no calculation: that
is a run over what is known.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from ratable.cases import records
from ratable.cases.facts import Row, file_rows, prepaid_usage_row, usage_row
from ratable.cases.refusals import fits_currency, judge_lines
from ratable.money import to_minor
from ratable.periods import day_after, month_end, month_of
from ratable.terms import BundleLine, Contract, PrepaidCommit, Terms
from ratable.terms_tables import Amendments, addressed_stream, counts_from

NEVER = date(1, 1, 1)


@dataclass(kw_only=True)
class Known:
    """Everything learned so far."""

    terms: Terms
    open_on: date
    usage: list[Row] = field(default_factory=list)
    voids: list[Row] = field(default_factory=list)
    adjustments: list[Row] = field(default_factory=list)
    documents: list[Row] = field(default_factory=list)
    waiting: list[Row] = field(default_factory=list)
    refused: list[Row] = field(default_factory=list)
    rejected: list[Row] = field(default_factory=list)  # acts on facts; facts themselves are judged by `meter`
    terminated_on: dict[str, date] = field(default_factory=dict)
    released_on: dict[str, date] = field(default_factory=dict)
    allocations: dict[str, tuple[BundleLine, ...]] = field(default_factory=dict)
    grants: list[tuple[str, date, Decimal]] = field(default_factory=list)
    estimates: list[tuple[str, date, Decimal]] = field(default_factory=list)
    addressed: set[str] = field(default_factory=set)
    unaddressed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.contracts: dict[str, Contract] = {contract.id: contract for contract in self.terms.contracts}
        self.contract_of: dict[str, str] = {
            commit.id: contract.id for contract in self.terms.contracts for commit in contract.prepaid_commits
        }
        self.item_of = {item.id: item for contract in self.terms.contracts for item in contract.usage_items}
        for contract in self.terms.contracts:
            self.documents.extend(_opening_moves(contract))

    def branch(self) -> Known:
        """The same knowledge, to try an act on."""
        copied = {name: copy(getattr(self, name)) for name in self.__dataclass_fields__}
        documents = copied.pop("documents")
        other = Known(**copied)
        other.documents = documents
        return other

    def amendments(self) -> Amendments:
        """What has been amended so far."""
        return Amendments(
            terminated_on=dict(self.terminated_on),
            released_on=dict(self.released_on),
            allocations=dict(self.allocations),
            grants=tuple(self.grants),
            estimates=tuple(self.estimates),
            addressed=frozenset(self.addressed),
            unaddressed=frozenset(self.unaddressed),
        )

    def learn(self, entry: records.Entry) -> str | None:
        """Take one entry in; give the code of the rule that refuses it, if one does."""
        act = entry.act
        match act:
            case records.Usage():
                self._add_usage([usage_row(act, entry.number)], entry)
            case records.UsageFile():
                self._add_usage(list(file_rows(act, entry.number)), entry)
            case records.PrepaidUsage():
                self._add_prepaid_usage(act, entry)
            case records.VoidUsage():
                return self._void(act)
            case records.Invoice():
                return self._invoice(act, entry)
            case records.Payment():
                return self._payment(act, entry)
            case records.CreditMemo():
                return self._credit_memo(act, entry)
            case records.Adjustment():
                return self._adjust(act, entry)
            case records.Allocate():
                return self._allocate(act)
            case records.TopUp():
                return self._top_up(act, entry)
            case records.Estimate():
                return self._estimate(act, entry)
            case records.Terminate():
                return self._terminate(act, entry)
            case _:
                raise TypeError(act)
        return None

    # Facts ---------------------------------------------------------------------------------------

    def _add_usage(self, rows: list[Row], entry: records.Entry) -> None:
        self.usage.extend({**row, "batch": entry.number, "open_on": self.open_on} for row in rows)

    def _add_prepaid_usage(self, act: records.PrepaidUsage, entry: records.Entry) -> None:
        if act.prepaid_commit in self.contract_of:
            self.addressed.add(act.prepaid_commit or "")
        if act.contract in self.contracts:
            self.unaddressed.add(act.contract or "")
        self._add_usage([prepaid_usage_row(act, entry.number, self.contract_of)], entry)

    def _void(self, act: records.VoidUsage) -> str | None:
        self.voids.append({"usage_id": act.id})
        return None

    def reject_void(self, act: records.VoidUsage, number: int) -> None:
        """A record of a closed month stands, where late usage is rejected."""
        row = {"usage_id": act.id, "item_id": "", "batch": number, "row": 0, "value": ""}
        self.rejected.append({**row, "code": "period_must_be_open"})

    # Documents -----------------------------------------------------------------------------------

    def _booking(self, entry: records.Entry) -> tuple[date, date]:
        """The month that books a document, and its day there."""
        booked_on = max(self.open_on, month_of(entry.on))
        return booked_on, max(entry.on, booked_on)

    def _move(self, entry: records.Entry, contract_id: str, **own: object) -> Row:
        booked_on, on = self._booking(entry)
        return {
            "entry_id": f"{contract_id}/{own['kind']}/{entry.number}",
            "contract_id": contract_id,
            "source_kind": "usage",
            "source_id": contract_id,
            "item_id": "",
            "product_id": "",
            "commit_id": "",
            "service_on": booked_on,
            "booked_on": booked_on,
            "on": on,
            "place": 1,
            "number": entry.number,
            **own,
        }

    def _refuses_document(self, contract_id: str, amount: Decimal) -> str | None:
        if contract_id not in self.contracts:
            return "contract_must_be_known"
        if amount <= 0:
            return "amount_must_be_positive"
        if not fits_currency(amount, self.contracts[contract_id].currency):
            return "amount_must_fit_currency"
        return None

    def _invoice(self, act: records.Invoice, entry: records.Entry) -> str | None:
        code = self._refuses_document(act.contract, act.amount)
        if code:
            return code
        contract = self.contracts[act.contract]
        amount_minor = to_minor(act.amount, contract.currency)
        source = _source(contract, act.prepaid_commit, subscription_id=act.subscription, milestone_id=act.milestone)
        if source is None:
            return "prepaid_commit_must_be_known" if act.prepaid_commit else "item_must_be_known"
        if source[0] == "usage":
            self.waiting.append(self._turn(entry, act.contract, kind="invoice", amount_minor=amount_minor))
            return None
        own = {"source_kind": source[0], "source_id": source[1]}
        self.documents.append(
            self._move(
                entry, act.contract, kind="invoice", account="accounts_receivable", debit_minor=amount_minor, **own
            )
        )
        return None

    def _turn(self, entry: records.Entry, contract_id: str, *, kind: str, amount_minor: int, place: int = 1) -> Row:
        booked_on, on = self._booking(entry)
        return {
            "entry_id": f"{contract_id}/{kind}/{entry.number}",
            "contract_id": contract_id,
            "kind": kind,
            "service_on": booked_on,
            "booked_on": booked_on,
            "on": on,
            "place": place,
            "number": entry.number,
            "amount_minor": amount_minor,
        }

    def _payment(self, act: records.Payment, entry: records.Entry) -> str | None:
        code = self._refuses_document(act.contract, act.amount)
        if code:
            return code
        amount_minor = to_minor(act.amount, self.contracts[act.contract].currency)
        for account, debit_minor in (("cash", amount_minor), ("accounts_receivable", -amount_minor)):
            self.documents.append(
                self._move(entry, act.contract, kind="payment", account=account, debit_minor=debit_minor)
            )
        return None

    def _credit_memo(self, act: records.CreditMemo, entry: records.Entry) -> str | None:
        code = self._refuses_document(act.contract, act.amount)
        if code:
            return code
        contract = self.contracts[act.contract]
        amount_minor = to_minor(act.amount, contract.currency)
        own: Row = {}
        if act.against == "liability":
            source = _source(contract, act.prepaid_commit)
            if source is None:
                return "prepaid_commit_must_be_known"
            own = {"source_kind": source[0], "source_id": source[1]}
            if act.prepaid_commit:
                self.grants.append((act.prepaid_commit, self._booking(entry)[0], -act.amount))
        else:
            service = {"service_on": act.period} if act.period else {}
            self.documents.append(
                self._move(
                    entry, act.contract, kind="adjustment", account="revenue", debit_minor=amount_minor, **service
                )
            )
        kind = "credit_memo" if act.against == "liability" else "adjustment"
        service = {"service_on": act.period} if act.period else {}
        self.documents.append(
            self._move(
                entry,
                act.contract,
                kind=kind,
                account="accounts_receivable",
                debit_minor=-amount_minor,
                **own,
                **service,
            )
        )
        return None

    # Amendments ----------------------------------------------------------------------------------

    def _adjust(self, act: records.Adjustment, entry: records.Entry) -> str | None:
        contract_id = self.contract_of.get(act.prepaid_commit)
        if contract_id is None:
            return "prepaid_commit_must_be_known"
        if act.period >= self.open_on:
            return "adjustment_must_name_a_closed_period"
        contract = self.contracts[contract_id]
        if not fits_currency(act.amount, contract.currency):
            return "amount_must_fit_currency"
        commit = next(commit for commit in contract.prepaid_commits if commit.id == act.prepaid_commit)
        booked_on, on = self._booking(entry)
        self.addressed.add(act.prepaid_commit)
        self.adjustments.append(
            {
                "adjustment_id": act.id or str(entry.number),
                "commit_id": act.prepaid_commit,
                "contract_id": contract_id,
                "item_id": addressed_stream(act.prepaid_commit),
                "service_on": act.period,
                "used_on": _last_day_of_use(commit, act.period),
                "booked_on": booked_on,
                "on": on,
                "number": entry.number,
                "amount_minor": to_minor(act.amount, contract.currency),
            }
        )
        return None

    def _allocate(self, act: records.Allocate) -> str | None:
        item = self.item_of.get(act.item)
        if item is None:
            return "item_must_be_known"
        if item.product_bundle_id is None:
            return "allocation_must_name_a_bundle_item"
        for code, _ in judge_lines(act.lines, "allocation_must_sum_to_total"):
            return code
        self.allocations[act.item] = act.lines
        return None

    def _top_up(self, act: records.TopUp, entry: records.Entry) -> str | None:
        contract_id = self.contract_of.get(act.prepaid_commit)
        if contract_id is None:
            return "prepaid_commit_must_be_known"
        if self._is_over(contract_id, entry):
            return "contract_must_not_be_terminated"
        if act.amount <= 0:
            return "amount_must_be_positive"
        if not fits_currency(act.amount, self.contracts[contract_id].currency):
            return "amount_must_fit_currency"
        booked_on, _ = self._booking(entry)
        commits = self.contracts[contract_id].prepaid_commits
        ends_before = next(commit.ends_before for commit in commits if commit.id == act.prepaid_commit)
        if ends_before is not None and ends_before <= booked_on:
            return "prepaid_commit_must_not_have_ended"
        self.grants.append((act.prepaid_commit, booked_on, act.amount))
        return None

    def _is_over(self, contract_id: str, entry: records.Entry) -> bool:
        """Has a termination taken effect by the day that books the entry?"""
        return self.terminated_on.get(contract_id, date.max) < self._booking(entry)[1]

    def _estimate(self, act: records.Estimate, entry: records.Entry) -> str | None:
        if act.prepaid_commit not in self.contract_of:
            return "prepaid_commit_must_be_known"
        if self._is_over(self.contract_of[act.prepaid_commit], entry):
            return "contract_must_not_be_terminated"
        if not 0 <= act.expected_breakage_percentage < 100:  # noqa: PLR2004
            return "percentage_must_be_between_0_and_100"
        booked_on, _ = self._booking(entry)
        kept = [row for row in self.estimates if row[:2] != (act.prepaid_commit, booked_on)]
        self.estimates = [*kept, (act.prepaid_commit, booked_on, act.expected_breakage_percentage)]
        return None

    def _terminate(self, act: records.Terminate, entry: records.Entry) -> str | None:
        contract = self.contracts.get(act.contract)
        if contract is None:
            return "contract_must_be_known"
        if act.contract in self.terminated_on:
            return "contract_must_not_be_terminated"
        if act.on < contract.starts_on:
            return "dates_must_ascend"
        if act.refund < 0:
            return "amount_must_be_positive"
        if not fits_currency(act.refund, contract.currency):
            return "amount_must_fit_currency"
        self.terminated_on[act.contract] = act.on
        booked_on = max(self.open_on, month_of(act.on))
        refund_minor = to_minor(act.refund, contract.currency)
        turn = self._turn(entry, act.contract, kind="termination", amount_minor=refund_minor, place=4)
        on = self.released_on[act.contract] = max(act.on, booked_on)
        self.waiting.append({**turn, "booked_on": booked_on, "service_on": booked_on, "on": on})
        return None


def _last_day_of_use(commit: PrepaidCommit, month_on: date) -> date:
    """The last day of the month on which the commit is valid; the last of the month if it never is."""
    last_on = month_end(month_on)
    if commit.starts_on > last_on or (commit.ends_before is not None and commit.ends_before <= month_on):
        return last_on
    return min(last_on, commit.ends_before - timedelta(days=1)) if commit.ends_before else last_on


def _source(
    contract: Contract,
    commit_id: str | None,
    *,
    subscription_id: str | None = None,
    milestone_id: str | None = None,
) -> tuple[str, str] | None:
    """The source a document names, or the contract's usage; None for one that is not there."""
    for kind, wanted, there in (
        ("prepaid_commit", commit_id, contract.prepaid_commits),
        ("subscription", subscription_id, contract.subscriptions),
        ("milestone", milestone_id, contract.milestones),
    ):
        if wanted is not None:
            return (kind, wanted) if wanted in {source.id for source in there} else None
    return ("usage", contract.id)


_DEBIT_SIDE = {"accounts_receivable", "cash", "contract_asset"}
_POSITIONS = {"contract_liability": 1, "unbilled_revenue": -1}


def _opening_moves(contract: Contract) -> list[Row]:
    """The balances of a cut-over, against the account `opening_balance`."""
    if contract.opening is None:
        return []
    as_of = contract.opening.as_of
    rows: list[Row] = []
    for place, balance in enumerate(contract.opening.balances):
        source = _source(
            contract,
            balance.prepaid_commit_id,
            subscription_id=balance.subscription_id,
            milestone_id=balance.milestone_id,
        )
        kind, source_id = source or ("usage", contract.id)
        amount_minor = to_minor(balance.amount, contract.currency)
        move = {
            "entry_id": f"{contract.id}/opening/{place}",
            "contract_id": contract.id,
            "source_kind": kind,
            "source_id": source_id,
            "kind": "opening",
            "item_id": "",
            "product_id": "",
            "commit_id": balance.prepaid_commit_id or "",
            "service_on": month_of(as_of),
            "booked_on": month_of(as_of),
            "on": as_of,
            "place": 0,
            "number": place,
        }
        if balance.account in _POSITIONS:
            sides = {"opening_balance": _POSITIONS[balance.account] * amount_minor}
        else:
            debit_minor = amount_minor if balance.account in _DEBIT_SIDE else -amount_minor
            sides = {balance.account: debit_minor, "opening_balance": -debit_minor}
        rows.extend({**move, "account": account, "debit_minor": debit} for account, debit in sides.items())
    return rows


def first_month(terms: Terms) -> date:
    """The first month that can be open: the earliest start, or the month after a cut-over."""
    return min((month_of(counts_from(contract)) for contract in terms.contracts), default=date(1970, 1, 1))


__all__ = ["NEVER", "Known", "day_after", "first_month", "month_end"]
