"""Who asks: the one record that every operation and query is told first.

Owns roles and their order. It does not know how somebody proves who they are: that is the door's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["viewer", "preparer", "approver", "admin"]

ROLES: tuple[Role, ...] = get_args(Role)  # each may do what those before it may


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person or a program, for one tenant, in one request; `name` and `request_id` go into the audit.

    In a turn it acts in several requests that are taken together, and `request_id` names them all.
    """

    tenant_id: int
    name: str
    role: Role
    request_id: str
    is_turn: bool = False

    def may_act_as(self, role: Role) -> bool:
        """Does this actor's role include `role`?"""
        return ROLES.index(self.role) >= ROLES.index(role)
