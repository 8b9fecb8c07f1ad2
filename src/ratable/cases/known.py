"""What the books know at a point of the story: facts, documents and amendments, in play order.

Owns what was learned and in which order. What an act appends and which rule refuses it is in
`ratable.facts`; a calculation is a run over what is known.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ratable.cases import records
from ratable.cases.usage_entries import row_of_prepaid_usage, row_of_usage, rows_of_file
from ratable.facts import amendments, documents, rules
from ratable.facts.booking import Booking, book
from ratable.facts.documents import Documents, Target
from ratable.money import to_minor
from ratable.periods import month_of
from ratable.terms import Contract, Terms
from ratable.terms_tables import Amendments, Row, counts_from

_Fact = records.Usage | records.UsageFile | records.PrepaidUsage | records.VoidUsage
_Document = records.Invoice | records.Payment | records.CreditMemo


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
    amendments: Amendments = field(default_factory=Amendments)

    def __post_init__(self) -> None:
        self.contracts: dict[str, Contract] = {contract.id: contract for contract in self.terms.contracts}
        self.contract_of: dict[str, str] = {
            commit.id: contract.id for contract in self.terms.contracts for commit in contract.prepaid_commits
        }
        self.item_of = {item.id: item for contract in self.terms.contracts for item in contract.usage_items}

    @classmethod
    def at_start(cls, terms: Terms, open_on: date) -> Known:
        """What is known before the first entry: the terms, and the balances brought in at a cut-over."""
        opening = [move for contract in terms.contracts for move in documents.opening_moves(contract)]
        return cls(terms=terms, open_on=open_on, documents=opening)

    def branch(self) -> Known:
        """The same knowledge, to try an act on."""
        return Known(**{name: copy(getattr(self, name)) for name in self.__dataclass_fields__})

    def refuses(self, entry: records.Entry) -> str | None:
        """The code of the rule that refuses an act, as far as terms and acts can tell; nothing is learned."""
        match entry.act:
            case records.Invoice() | records.Payment() | records.CreditMemo() as act:
                return _refuses_document(self.contracts.get(act.contract), act)
            case records.Usage() | records.UsageFile() | records.PrepaidUsage() | records.VoidUsage():
                return None  # facts are rejected by `meter`, row by row
            case _:
                return self._refuses_amendment(entry)

    def learn(self, entry: records.Entry) -> None:
        """Take in an entry that no rule refuses."""
        match entry.act:
            case records.Usage() | records.UsageFile() | records.PrepaidUsage() | records.VoidUsage() as act:
                self._take_usage(act, entry.number)
            case records.Invoice() | records.Payment() | records.CreditMemo() as act:
                self._file(act, self.booking(entry))
            case _:
                self._amend(entry)

    def booking(self, entry: records.Entry) -> Booking:
        """When an entry is booked, as the books stand; a termination by its own day."""
        on = entry.act.on if isinstance(entry.act, records.Terminate) else entry.on
        return book(on, open_on=self.open_on, number=entry.number)

    def contract_with(self, commit_id: str | None) -> Contract | None:
        """The contract that has this prepaid commit."""
        return self.contracts.get(self.contract_of.get(commit_id or "", ""))

    def dated_usage(self) -> list[Row]:
        """The records that can count, so that their days matter: of items that the terms know, or prepaid."""
        return [row for row in self.usage if row["item_id"] in self.item_of or str(row["item_id"]).startswith("!")]

    # Facts ---------------------------------------------------------------------------------------

    def _take_usage(self, act: _Fact, number: int) -> None:
        match act:
            case records.Usage():
                rows = [row_of_usage(act, number)]
            case records.UsageFile():
                rows = list(rows_of_file(act, number))
            case records.PrepaidUsage():
                self._open_stream(act)
                rows = [row_of_prepaid_usage(act, number, self.contract_of)]
            case records.VoidUsage():
                self.voids.append({"usage_id": act.id})
                return
        self.usage.extend({**row, "batch": number, "open_on": self.open_on} for row in rows)

    def _open_stream(self, act: records.PrepaidUsage) -> None:
        if act.prepaid_commit in self.contract_of:
            self.amendments = amendments.with_addressed(self.amendments, act.prepaid_commit or "")
        if act.contract in self.contracts:
            self.amendments = amendments.with_unaddressed(self.amendments, act.contract or "")

    def reject_void(self, act: records.VoidUsage, number: int) -> None:
        """A record of a closed month stands, where late usage is rejected."""
        row = {"usage_id": act.id, "item_id": "", "batch": number, "row": 0, "value": ""}
        self.rejected.append({**row, "code": "period_must_be_open"})

    # Documents -----------------------------------------------------------------------------------

    def _file(self, act: _Document, booking: Booking) -> None:
        filed = _documents(self.contracts[act.contract], act, booking)
        self.documents.extend(filed.moves)
        self.waiting.extend(filed.turns)
        if isinstance(act, records.CreditMemo) and act.against == "liability" and act.prepaid_commit:
            self._grant(act.prepaid_commit, -act.amount, booking)

    def _grant(self, commit_id: str, amount: Decimal, booking: Booking) -> None:
        self.amendments = amendments.with_grant(self.amendments, commit_id, amount, booked_on=booking.booked_on)

    # Amendments ----------------------------------------------------------------------------------

    def _refuses_amendment(self, entry: records.Entry) -> str | None:
        booking, ended_on = self.booking(entry), self.amendments.terminated_on
        match entry.act:
            case records.Adjustment(prepaid_commit=commit_id) as act:
                contract = self.contract_with(commit_id)
                return rules.refuses_adjustment(
                    contract, commit_id, act.amount, service_on=act.period, open_on=self.open_on
                )
            case records.Allocate() as act:
                return rules.refuses_allocation(self.item_of.get(act.item), act.lines)
            case records.TopUp(prepaid_commit=commit_id) as act:
                last_on = ended_on.get(self.contract_of.get(commit_id, ""))
                contract = self.contract_with(commit_id)
                return rules.refuses_top_up(
                    contract,
                    commit_id,
                    act.amount,
                    booking=booking,
                    terminated_on=last_on,
                    is_of_units=act.is_of_units,
                )
            case records.Estimate(prepaid_commit=commit_id, expected_breakage_percentage=percentage):
                last_on = ended_on.get(self.contract_of.get(commit_id, ""))
                contract = self.contract_with(commit_id)
                return rules.refuses_estimate(contract, percentage, booking=booking, terminated_on=last_on)
            case records.Terminate() as act:
                contract, last_on = self.contracts.get(act.contract), ended_on.get(act.contract)
                return rules.refuses_termination(contract, act.refund, on=act.on, terminated_on=last_on)
            case act:
                raise TypeError(act)

    def _amend(self, entry: records.Entry) -> None:
        booking, known = self.booking(entry), self.amendments
        match entry.act:
            case records.Adjustment() as act:
                self._adjust(act, booking)
            case records.Allocate() as act:
                self.amendments = amendments.with_allocation(known, act.item, act.lines)
            case records.TopUp() as act:
                self._grant(act.prepaid_commit, act.amount, booking)
            case records.Estimate(prepaid_commit=commit_id, expected_breakage_percentage=percentage):
                self.amendments = amendments.with_estimate(known, commit_id, percentage, booked_on=booking.booked_on)
            case records.Terminate() as act:
                self._terminate(act, booking)
            case act:
                raise TypeError(act)

    def _adjust(self, act: records.Adjustment, booking: Booking) -> None:
        contract = self.contracts[self.contract_of[act.prepaid_commit]]
        row = amendments.adjustment_row(
            contract,
            act.prepaid_commit,
            to_minor(act.amount, contract.currency),
            adjustment_id=act.id or str(booking.number),
            service_on=act.period,
            booking=booking,
        )
        self.adjustments.append(row)
        self.amendments = amendments.with_addressed(self.amendments, act.prepaid_commit)

    def _terminate(self, act: records.Terminate, booking: Booking) -> None:
        refund_minor = to_minor(act.refund, self.contracts[act.contract].currency)
        booking = book(self._after_documents(act.contract, booking.on), open_on=self.open_on, number=booking.number)
        filed = documents.termination(refund_minor, contract_id=act.contract, booking=booking)
        self.waiting.extend(filed.turns)
        self.amendments = amendments.with_termination(self.amendments, act.contract, on=act.on, released_on=booking.on)

    def _after_documents(self, contract: str, on: date) -> date:
        """The day of a termination: what is left is what the documents that are filed have left."""
        filed = (row for row in [*self.documents, *self.waiting] if row["contract_id"] == contract)
        return max([on, *(row["on"] for row in filed if isinstance(row["on"], date))])


def _refuses_document(contract: Contract | None, act: _Document) -> str | None:
    match act:
        case records.Invoice():
            return rules.refuses_invoice(contract, act.amount, _target(act))
        case records.Payment():
            return rules.refuses_document(contract, act.amount)
        case records.CreditMemo():
            return rules.refuses_credit_memo(contract, act.amount, against=act.against, target=_target(act))


def _target(act: records.Invoice | records.CreditMemo) -> Target:
    if isinstance(act, records.CreditMemo):
        return Target(prepaid_commit_id=act.prepaid_commit)
    return Target(act.prepaid_commit, act.subscription, act.milestone, act.is_of_usage)


def _documents(contract: Contract, act: _Document, booking: Booking) -> Documents:
    """The rows of a document that was not refused."""
    amount_minor = to_minor(act.amount, contract.currency)
    if isinstance(act, records.Payment):
        return documents.payment(amount_minor, contract_id=contract.id, booking=booking)
    if isinstance(act, records.Invoice):
        named = documents.invoiced_source(contract, _target(act))
        return documents.invoice(named, amount_minor, contract_id=contract.id, booking=booking)
    source = documents.source_of(contract, _target(act)) or documents.usage_of(contract.id)
    if act.against == "revenue":
        return documents.credit_of_revenue(
            amount_minor, contract_id=contract.id, booking=booking, service_on=act.period
        )
    return documents.credit_of_liability(
        source, amount_minor, contract_id=contract.id, booking=booking, service_on=act.period
    )


def first_month(terms: Terms) -> date:
    """The first month that can be open: the earliest start, or the month after a cut-over."""
    return min((month_of(counts_from(contract)) for contract in terms.contracts), default=date(1970, 1, 1))
