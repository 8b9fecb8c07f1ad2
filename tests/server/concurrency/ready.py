"""Django in a process that is none of the tests' own: imported before everything that has models."""

from __future__ import annotations

import django
from django.apps import apps

if not apps.ready:
    django.setup()
