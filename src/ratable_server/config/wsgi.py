"""The entry for web servers: starts the embedded PostgreSQL if it is the one in use, then answers."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ratable_server.config.settings")

from django.core.wsgi import get_wsgi_application

from ratable_server.store import embedded

application = get_wsgi_application()
embedded.start_if_used()
