"""`beancount` and `hledger`: the journal as plain-text accounting, which anybody can check on his own.

Both are written with full precision and every currency, one transaction an entry. A beancount file opens its
accounts with the plugin `auto_accounts`, so that the files of several months can be included in one ledger;
the external id is a link (`^R202603-...`) there and the transaction code in hledger.

Source:
    Beancount Language Syntax (beancount.github.io/docs/beancount_language_syntax.html); hledger journal
    format (hledger.org, manual of hledger 1.25: transactions, account names, commodity directive).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ratable.money import minor_unit_digits
from ratable_server.exports.cells import amount_cell, one_line
from ratable_server.exports.entries import Entry, EntryLine
from ratable_server.exports.problems import ExportRefusedError


def write_beancount(entries: Sequence[Entry]) -> bytes:
    """The file; product, customer, contract and service month are metadata of a posting.

    Raises:
        ExportRefusedError: account_names_must_differ.
    """
    _check_paths(entries)
    currencies = sorted({entry.currency for entry in entries})
    lines = [f'option "operating_currency" "{currency}"' for currency in currencies]
    lines += ['plugin "beancount.plugins.auto_accounts"']
    for entry in entries:
        lines += ["", f'{entry.on.isoformat()} * "{_quoted(entry.memo)}" ^{entry.id}']
        for line in entry.lines:
            lines.append(f"  {line.account.path}  {_amount(entry, line)}")
            lines += [f'    {key}: "{_quoted(value)}"' for key, value in _said(line)]
    return _text(lines)


def write_hledger(entries: Sequence[Entry]) -> bytes:
    """The file; product, customer, contract and service month are tags of a posting.

    Raises:
        ExportRefusedError: account_names_must_differ.
    """
    _check_paths(entries)
    lines = [f"commodity {_sample(currency)} {currency}" for currency in sorted({entry.currency for entry in entries})]
    lines += [f"account {path}" for path in sorted({line.account.path for entry in entries for line in entry.lines})]
    for entry in entries:
        lines += ["", f"{entry.on.isoformat()} * ({entry.id}) {_untagged(entry.memo)}"]
        for line in entry.lines:
            tags = ", ".join(f"{key}:{_untagged(value)}" for key, value in _said(line))
            lines.append(f"    {line.account.path}  {_amount(entry, line)}" + (f"  ; {tags}" if tags else ""))
    return _text(lines)


def _said(line: EntryLine) -> Iterator[tuple[str, str]]:
    if line.product:
        yield "class", line.product
    if line.customer:
        yield "customer", line.customer
    if line.customer_name not in {"", line.customer}:
        yield "customer-name", line.customer_name
    if line.contract:
        yield "contract", line.contract
    if line.service_period:
        yield "service", f"{line.service_period:%Y-%m}"


def _amount(entry: Entry, line: EntryLine) -> str:
    return f"{amount_cell(line.amount_minor, entry.currency)} {entry.currency}"


def _sample(currency: str) -> str:
    """A number as hledger shall show the commodity; it wants a decimal mark even without decimals."""
    digits = minor_unit_digits(currency)
    return f"1000.{'0' * digits}"


def _quoted(text: str) -> str:
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')


def _untagged(text: str) -> str:
    """A text without what ends a description or a tag in hledger."""
    return one_line(text.translate(str.maketrans(";,|", "   ")))


def _check_paths(entries: Sequence[Entry]) -> None:
    """Two accounts must not become one by their spelling, nor an account its own root."""
    accounts = {line.account for entry in entries for line in entry.lines}
    paths: dict[str, str] = {}
    for account in sorted(accounts, key=lambda one: (one.code, one.name)):
        other = paths.setdefault(account.path, account.name)
        if other != account.name or account.path == account.kind:
            detail = f"{account.name!r} and {other!r} would both be {account.path}"
            raise ExportRefusedError("account_names_must_differ", detail)


def _text(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()
