"""Terms that were refused leave the calculation, with everything that stands on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ratable.price_plans import Refusal
from ratable.terms import Contract, Terms, UsageItem


def without(terms: Terms, refusals: Iterable[Refusal]) -> Terms:
    """The terms less what was refused.

    A refused contract leaves whole. An item of a refused price plan or bundle stays known but has
    no price, so that its usage is rejected by name instead of being unknown.
    """
    gone: dict[str, set[tuple[str, str | None]]] = {}
    for refusal in refusals:
        gone.setdefault(refusal.kind, set()).add((refusal.id, refusal.contract))

    def is_gone(kind: str, name: str | None, contract: Contract | None = None) -> bool:
        wide = gone.get(kind, set())
        return (name or "", None) in wide or (contract is not None and (name or "", contract.id) in wide)

    def item_left(item: UsageItem, contract: Contract) -> UsageItem:
        if is_gone("usage_group", item.usage_group_id, contract):
            return replace(item, usage_group_id=None)
        return item

    def contract_left(contract: Contract) -> Contract:
        items = tuple(
            item_left(item, contract)
            for item in contract.usage_items
            if not is_gone("usage_item", item.id) and not is_gone("product_bundle", item.product_bundle_id)
        )
        return replace(
            contract,
            usage_items=items,
            prepaid_commits=tuple(
                commit for commit in contract.prepaid_commits if not is_gone("prepaid_commit", commit.id)
            ),
            subscriptions=tuple(
                subscription for subscription in contract.subscriptions if not is_gone("subscription", subscription.id)
            ),
            milestones=tuple(milestone for milestone in contract.milestones if not is_gone("milestone", milestone.id)),
        )

    contracts = tuple(contract_left(item) for item in terms.contracts if not is_gone("contract", item.id))
    return replace(terms, contracts=contracts)
