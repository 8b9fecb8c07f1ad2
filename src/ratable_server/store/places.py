"""Where things are: the data folder, the two database roles, the secret key. Reads the environment only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import platformdirs
from psycopg.conninfo import conninfo_to_dict

DATABASE = "ratable"
OWNER, APPLICATION = "ratable_owner", "ratable_app"
SUPERUSER = "postgres"  # of the embedded cluster only

LOCK_SECONDS = 10
STATEMENT_SECONDS = 300
_ROOT_FOLDER = Path("/var/lib/ratable")


def home() -> Path:
    """RATABLE_HOME, or a folder of the user; root's is outside its home, which the database's user cannot enter."""
    named = os.environ.get("RATABLE_HOME")
    if named:
        return Path(named).expanduser().resolve()
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return _ROOT_FOLDER
    return Path(platformdirs.user_data_dir("ratable", appauthor=False))


def cluster() -> Path:
    """The data folder of the embedded PostgreSQL; its socket is in it, so it is as private as the data (0700)."""
    return cluster_in(home())


def cluster_in(folder: Path) -> Path:
    """The data folder in a RATABLE_HOME."""
    return folder / "postgres"


def is_embedded() -> bool:
    """Is the embedded PostgreSQL the one in use?"""
    return not os.environ.get("RATABLE_DATABASE_URL")


def secret_key() -> str:
    """RATABLE_SECRET_KEY, or what `ratable init` left in the data folder; empty before that."""
    named = os.environ.get("RATABLE_SECRET_KEY")
    file = secret_key_file()
    return named or (file.read_text(encoding="ascii").strip() if file.is_file() else "")


def secret_key_file() -> Path:
    """Where `ratable init` keeps the secret key."""
    return home() / "secret_key"


def databases() -> dict[str, dict[str, Any]]:
    """Django's two connections; `owner` is missing where a server is named without an owner's URL."""
    if is_embedded():
        return {"default": _embedded(APPLICATION), "owner": _embedded(OWNER)}
    found = {"default": _from_url(os.environ["RATABLE_DATABASE_URL"])}
    if owner_url := os.environ.get("RATABLE_DATABASE_OWNER_URL"):
        found["owner"] = _from_url(owner_url)
    return found


def _embedded(user: str) -> dict[str, Any]:
    return _connection({"dbname": DATABASE, "user": user, "host": str(cluster()), "port": "5432"})


def _from_url(url: str) -> dict[str, Any]:
    return _connection({name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None})


def _connection(parts: dict[str, str]) -> dict[str, Any]:
    own = {
        "TimeZone": "UTC",
        "lock_timeout": f"{LOCK_SECONDS}s",
        "statement_timeout": f"{STATEMENT_SECONDS}s",
    }
    options = " ".join([parts.pop("options", ""), *(f"-c {name}={value}" for name, value in own.items())]).strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", DATABASE),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "OPTIONS": {"application_name": "ratable", **parts, "options": options},
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
