"""The command that explains figures: `ratable explain`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ratable_server.cli.answering import Json, answer, told
from ratable_server.cli.arguments import moment_of_text, month_of_text
from ratable_server.cli.starting import DEFAULT_TENANT, Tenant, open_books

if TYPE_CHECKING:
    from ratable.reports.explanation import Step, Trace
    from ratable_server.actor import Actor
    from ratable_server.queries.explanations import Moment

# Words of reports and case files, and the columns of revenue that they mean.
_KEYS = {
    "product": "product_id",
    "item": "item_id",
    "prepaid_commit": "commit_id",
    "source": "source_id",
    "type": "kind",
    "period": "booked_on",
    "service_period": "service_on",
}
_MONTHS = ("period", "service_period")
_CONTRACT = "contract"

Id = Annotated[str | None, typer.Argument(metavar="ID", help="A journal entry, or a record of usage.")]
Revenue = Annotated[
    str | None,
    typer.Option("--revenue", metavar="KEYS", help="Revenue instead: contract=acme,period=2026-03,product=api"),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="MOMENT", help="As the books stood then; a day stands for its end, UTC."),
]
Draft = Annotated[int | None, typer.Option("--run", metavar="RUN", help="With the draft of this run, as if posted.")]
Records = Annotated[int, typer.Option("--records", metavar="N", help="Records of usage to show of a month.")]


def join(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(told(explain))


def explain(
    id: Id = None,
    *,
    revenue: Revenue = None,
    as_of: AsOf = None,
    run: Draft = None,
    records: Records = 20,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Explain a journal entry or revenue down to its usage, or a record of usage up to its journal lines."""
    if (id is None) == (revenue is None):
        raise typer.BadParameter("name a journal entry, a record of usage, or --revenue contract=...,period=...")
    if run is not None and as_of is not None:
        raise typer.BadParameter("a draft is explained as it stands: give --run or --as-of")
    asked = None if revenue is None else _keys(revenue)
    moment_at = None if as_of is None else moment_of_text(as_of)
    actor = open_books(tenant)
    from ratable_server.queries.explanations import Moment, explain_revenue

    moment = Moment(as_of=moment_at, run_id=run)
    if asked is None:
        _explain_id(actor, str(id), moment, records=records, as_json=as_json)
        return
    contract, keys = asked
    step = explain_revenue(actor=actor, contract=contract, keys=keys, moment=moment, records_shown=records)
    _answer_steps([step], as_json=as_json)


def _explain_id(actor: Actor, id: str, moment: Moment, *, records: int, as_json: bool) -> None:
    """An entry of this id; if there is none, a record of usage."""
    from ratable.reports.explanation import Trace
    from ratable_server.errors import Refused
    from ratable_server.queries.explanations import explain_entry, explain_usage

    try:
        steps = explain_entry(actor=actor, entry_id=id, moment=moment, records_shown=records)
    except Refused as refused:
        if refused.code != "entry_must_be_known":
            raise
    else:
        _answer_steps(steps, as_json=as_json)
        return
    try:
        found = explain_usage(actor=actor, usage_id=id, moment=moment)
    except Refused as refused:
        if refused.code != "usage_must_be_known":
            raise
        both = f"neither a journal entry that counts nor a record of usage is called {id}"
        raise Refused("entry_must_be_known", field="ID", detail=both) from None
    if isinstance(found, Trace):
        _answer_trace(found, as_json=as_json)
    else:
        _answer_steps([found], as_json=as_json)


def _keys(text: str) -> tuple[str, dict[str, object]]:
    """`contract=acme,period=2026-03` as a contract and columns of revenue."""
    written = dict(_pair(part) for part in text.split(","))
    if _CONTRACT not in written:
        raise typer.BadParameter("--revenue: name the contract, such as contract=acme,period=2026-03")
    contract = written.pop(_CONTRACT)
    return contract, {_KEYS[word]: _value(word, value) for word, value in written.items()}


def _pair(part: str) -> tuple[str, str]:
    word, equals, value = (piece.strip() for piece in part.partition("="))
    if not equals or (word != _CONTRACT and word not in _KEYS):
        raise typer.BadParameter(f"--revenue: {part!r} is none of {_CONTRACT}, {', '.join(_KEYS)} with = and a value")
    return word, value


def _value(word: str, text: str) -> str | date:
    return month_of_text(text) if word in _MONTHS else text


def _answer_steps(steps: list[Step] | tuple[Step, ...], *, as_json: bool) -> None:
    from ratable.reports.explanation import explanation_text

    answer([_step(step) for step in steps], (explanation_text(step) for step in steps), as_json=as_json)


def _answer_trace(trace: Trace, *, as_json: bool) -> None:
    from ratable.reports.explanation import trace_text

    record = {
        "usage": _step(trace.usage),
        "month": _step(trace.month),
        "part": f"{trace.part:f}",
        "whole": f"{trace.whole:f}",
        "lines": [_step(line) for line in trace.lines],
    }
    answer(record, [trace_text(trace)], as_json=as_json)


def _step(step: Step) -> dict[str, Any]:
    """A step for programs: exact numbers are texts."""
    return {
        "kind": step.kind,
        "key": step.key,
        "title": step.title,
        "formula": step.formula,
        "value": f"{step.value:f}",
        "unit": step.unit,
        "children": [_step(child) for child in step.children],
        "basis": [_step(read) for read in step.basis],
    }
