"""Which tenants there are: a worker asks before it enters one after the other."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations

_LOOK_UP: list[Any] = [
    """
    CREATE FUNCTION ratable_tenants() RETURNS TABLE (tenant_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT id FROM tenant $$
    """,
    "REVOKE ALL ON FUNCTION ratable_tenants() FROM PUBLIC",
]


class Migration(migrations.Migration):
    """The look-up; the policy that it reads by is there."""

    dependencies: ClassVar = [("store", "0037_read_rows_of_imports")]

    operations: ClassVar = [migrations.RunSQL(_LOOK_UP)]
