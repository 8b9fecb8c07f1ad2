"""Is this a database that the books can trust? What `ratable doctor` tells, each finding with its mend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, connection

from ratable_server.store import examining, places, setting_up
from ratable_server.store.embedded import EmbeddedServerError, refuse_unfit_path

OLDEST_VERSION = 15
LEAST_FREE_BYTES = 1024**3
_PRIVATE = 0o700
_SEVERAL = 5  # names in one line


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at; `mend` says what to do if it is not fine."""

    check: str
    is_fine: bool
    detail: str
    mend: str = ""


def health() -> list[Finding]:
    """Everything that was looked at, in order; only the first if the database does not answer."""
    answers = _answers()
    if not answers.is_fine:
        return [answers]
    migrated = _pending_migrations()
    checks = _OF_THE_SERVER + (_OF_THE_TABLES if migrated.is_fine else ())
    return [answers, *(check() for check in checks), migrated]


def readiness() -> list[Finding]:
    """Only what decides whether requests can be answered: the database is there, with the tables of this version."""
    answers = _answers()
    return [answers, _pending_migrations()] if answers.is_fine else [answers]


def _found(check: str, detail: str, *, is_fine: bool, mend: str) -> Finding:
    return Finding(check=check, is_fine=is_fine, detail=detail, mend="" if is_fine else mend)


def _unfit_place() -> str:
    """Why the embedded database cannot be where it should; nothing if it can, or is not the one in use."""
    try:
        if places.is_embedded():
            refuse_unfit_path(places.cluster())
    except EmbeddedServerError as error:
        return str(error)
    return ""


def _answers() -> Finding:
    if unfit := _unfit_place():
        mend = "run `ratable init` once RATABLE_HOME names such a folder"
        return _found("database_answers", unfit, is_fine=False, mend=mend)
    mend = "run `ratable init`" if places.is_embedded() else "check RATABLE_DATABASE_URL and that the server runs"
    try:
        if places.is_embedded() and not places.cluster().is_dir():
            return _found("database_answers", f"no database in {places.home()}", is_fine=False, mend=mend)
        connection.ensure_connection()
    except (DatabaseError, InterfaceError) as error:
        told = str(error).strip()
        return _found("database_answers", told.splitlines()[0] if told else "no answer", is_fine=False, mend=mend)
    return _found("database_answers", f"as {connection.settings_dict['USER']}", is_fine=True, mend=mend)


def _server_version() -> Finding:
    version = examining.server_version()
    mend = f"upgrade PostgreSQL to {OLDEST_VERSION} or newer"
    return _found("server_version", f"PostgreSQL {version}", is_fine=version >= OLDEST_VERSION, mend=mend)


def _synchronous_commit() -> Finding:
    value = examining.setting("synchronous_commit")
    mend = (
        "a crash would lose what was acknowledged: ALTER SYSTEM RESET synchronous_commit, and ALTER ROLE and"
        " ALTER DATABASE ... RESET synchronous_commit; then SELECT pg_reload_conf()"
    )
    return _found("synchronous_commit", value, is_fine=value != "off", mend=mend)


def _fsync() -> Finding:
    value = examining.setting("fsync")
    mend = "a power failure would break the database: ALTER SYSTEM SET fsync = on; then SELECT pg_reload_conf()"
    return _found("fsync", value, is_fine=value == "on", mend=mend)


def _time_zone() -> Finding:
    value = examining.setting("TimeZone")
    mend = "connections must be in UTC: take TimeZone out of the options of RATABLE_DATABASE_URL"
    return _found("time_zone", value, is_fine=value == "UTC", mend=mend)


def _free_disk() -> Finding:
    free = examining.free_bytes()
    if free is None:
        return _found("free_disk", "not seen from here", is_fine=True, mend="")
    mend = f"make room where {places.home()} lies, or move it and name it in RATABLE_HOME"
    return _found("free_disk", f"{free >> 20} MiB", is_fine=free >= LEAST_FREE_BYTES, mend=mend)


def _private_socket() -> Finding:
    mode = examining.socket_mode()
    if mode is None:
        return _found("private_socket", "not embedded", is_fine=True, mend="")
    mend = f"others on this machine could enter the database: chmod 700 {places.cluster()}"
    return _found("private_socket", f"{mode:04o}", is_fine=mode == _PRIVATE, mend=mend)


def _pending_migrations() -> Finding:
    pending = setting_up.pending_migrations()
    detail = _listed(pending) if pending else "none"
    return _found("pending_migrations", detail, is_fine=not pending, mend="run `ratable init`")


def _role() -> Finding:
    powers = examining.powers_of_the_role()
    detail = _listed([f"it {power}" for power in powers]) if powers else "sees only its tenant"
    mend = "name another role in RATABLE_DATABASE_URL: NOSUPERUSER NOBYPASSRLS, not the owner nor a member of it"
    return _found("application_role", detail, is_fine=not powers, mend=mend)


def _row_level_security() -> Finding:
    open_tables = examining.tables_without_guard()
    detail = _listed(open_tables) if open_tables else "forced on every table"
    mend = "as the owner: ALTER TABLE ... ENABLE ROW LEVEL SECURITY; ALTER TABLE ... FORCE ROW LEVEL SECURITY"
    return _found("row_level_security", detail, is_fine=not open_tables, mend=mend)


def _rights() -> Finding:
    beyond = examining.rights_beyond_the_guards()
    detail = _listed(beyond) if beyond else "as the guards say"
    return _found("application_rights", detail, is_fine=not beyond, mend="run `ratable init`, which takes them away")


_OF_THE_SERVER: tuple[Callable[[], Finding], ...] = (
    _server_version,
    _synchronous_commit,
    _fsync,
    _time_zone,
    _free_disk,
    _private_socket,
)
_OF_THE_TABLES: tuple[Callable[[], Finding], ...] = (_role, _row_level_security, _rights)


def _listed(names: list[str]) -> str:
    more = len(names) - _SEVERAL
    return ", ".join(names[:_SEVERAL]) + (f" and {more} more" if more > 0 else "")
