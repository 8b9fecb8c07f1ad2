"""Exports: journal lines and reports as files, for ledgers, spreadsheets and programs.

Pure: no framework, no database, no disk; records go in, bytes come out. Owns formats, external ids, cutting
to what a target takes, and the escaping of cells. It owns no figure: amounts are those of the books.
"""

from ratable_server.exports.accounts import ACCOUNT_KINDS, DEFAULT_ACCOUNTS, Account, Chart
from ratable_server.exports.entries import Books
from ratable_server.exports.journal import FORMATS, ExportFile, export_journal
from ratable_server.exports.lines import JournalLine, difference, lines_of_report
from ratable_server.exports.presenting import Shown, ShownTable, show
from ratable_server.exports.problems import ExportRefusedError
from ratable_server.exports.writing import TABLE_FORMATS, rich_table, write_table

__all__ = [
    "ACCOUNT_KINDS",
    "DEFAULT_ACCOUNTS",
    "FORMATS",
    "TABLE_FORMATS",
    "Account",
    "Books",
    "Chart",
    "ExportFile",
    "ExportRefusedError",
    "JournalLine",
    "Shown",
    "ShownTable",
    "difference",
    "export_journal",
    "lines_of_report",
    "rich_table",
    "show",
    "write_table",
]
