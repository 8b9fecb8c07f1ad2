"""Django's settings, read from the environment; nothing is written and no server is started here.

Two connections go to one database: `default` is the application role, which owns nothing and sees
no row without a tenant; `owner` runs migrations. Without RATABLE_DATABASE_URL both are roles of
the embedded PostgreSQL in RATABLE_HOME.
"""

from __future__ import annotations

import os

from ratable_server.store import places

SECRET_KEY = places.secret_key()
DEBUG = os.environ.get("RATABLE_DEBUG", "") == "1"
ALLOWED_HOSTS = [host for host in os.environ.get("RATABLE_ALLOWED_HOSTS", "localhost,127.0.0.1").split(",") if host]

INSTALLED_APPS = ["ratable_server.store"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "ratable_server.config.urls"
WSGI_APPLICATION = "ratable_server.config.wsgi.application"

DATABASES = places.databases()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
LANGUAGE_CODE = "en"

SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
