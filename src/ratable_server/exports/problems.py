"""What an export refuses: a closed list, each named by the rule that was broken."""

from __future__ import annotations

from typing import Literal, get_args

from ratable.errors import RatableError

Rule = Literal[
    "account_must_be_mapped",  # a line has a role without an account
    "account_names_must_differ",  # two accounts have one name for plain-text ledgers, or the name is empty
    "amount_must_fit_the_target",  # the target takes fewer digits than the amount has
    "export_format_must_be_known",
    "external_id_must_be_unique",  # two entries have one id (a collision of hashes)
]
RULES: tuple[str, ...] = get_args(Rule)


class ExportRefusedError(RatableError):
    """An export that cannot be made as it was asked for; nothing is written."""

    def __init__(self, rule: Rule, detail: str) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail
