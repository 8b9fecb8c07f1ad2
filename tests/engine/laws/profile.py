"""How often laws of whole stories are tried: playing one costs a third of a second, or more.

A law is tried on a fiftieth of the profile's examples. Only the nightly profile (`make fuzz`)
makes a failing story smaller: that takes minutes.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
_PHASES = [Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if _LONG else [])]

_BY_PROFILE = settings.default.max_examples if settings.default else 100

law = settings(
    max_examples=max(1, _BY_PROFILE // 50),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=_PHASES,
)
