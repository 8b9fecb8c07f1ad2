"""What an export refuses, each named by the rule that was broken.

account_must_be_mapped           a line has a role without an account
account_names_must_differ        two accounts have one name for plain-text ledgers, or the name is empty
amount_must_fit_the_target       the target takes fewer digits than the amount has
export_format_must_be_known      no such format
external_id_must_be_unique       two entries have one id (a collision of hashes)
"""

from __future__ import annotations

from ratable.errors import RatableError


class ExportRefusedError(RatableError):
    """An export that cannot be made as it was asked for; nothing is written."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail
