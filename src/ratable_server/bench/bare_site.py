"""A bare Django site: one view that sends given bytes, one that inserts a given row. What serving is measured against.

Nothing is between the web server and the views: no middleware, no authentication, no serializer. An answer tells its
length, so that a client keeps its connection. The row is inserted in a transaction of its tenant, as everything is that
goes into the books.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

ROW = """
INSERT INTO usage_item (tenant_id, contract_id, code, place, product_id, usage_group_id, starts_on, draws, further, modified_at)
VALUES (%(tenant)s, %(contract)s, gen_random_uuid()::text, 0, %(product)s, %(usage_group)s, %(starts_on)s, false,
    %(further)s, now())
"""


# A record of usage and its id, as the books have them; its content hash is somebody else's.
USAGE = """
WITH key AS (
    INSERT INTO usage_key (tenant_id, event_id, content_hash, record_id, month_on)
    VALUES ({tenant}, gen_random_uuid()::text, sha256('bare'), nextval('usage_record_id_seq'), '{month_on}')
    RETURNING event_id, record_id
)
INSERT INTO usage_record (id, tenant_id, event_id, stream, used_on, month_on, quantity, currency, usage_import_id, "row",
    number, open_on)
SELECT record_id, {tenant}, event_id, '{item}', '{used_on}', '{month_on}', 12.5, '', 1, 1, 1, '{month_on}' FROM key
"""


def serve(*, port: int, threads: int, page: bytes, row: dict[str, str | int]) -> None:
    """Answer `GET /bytes`, `POST /row` and `POST /usage` on the same web server, with as many threads; tell its port."""
    import waitress
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.db import connection, transaction
    from django.http import HttpRequest, HttpResponse
    from django.urls import path

    from ratable_server.threads import threads_of

    def told(content: bytes, status: int) -> HttpResponse:
        headers = {"Content-Length": str(len(content))}
        return HttpResponse(content, content_type="application/json", status=status, headers=headers)

    def send(_request: HttpRequest) -> HttpResponse:
        return told(page, 200)

    def insert(request: HttpRequest, statement: str) -> HttpResponse:
        json.loads(request.body)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('ratable.tenant', %s, true)", [str(row["tenant"])])
            cursor.execute(statement, row)
        return told(b"{}", 201)

    usage = USAGE.format(**row) if "used_on" in row else ""

    class Site:
        urlpatterns = (
            path("bytes", send),
            path("row", insert, {"statement": ROW}),
            path("usage", insert, {"statement": usage}),
        )

    settings.MIDDLEWARE = []
    settings.ROOT_URLCONF = Site
    application = get_wsgi_application()
    server = waitress.create_server(application, host="127.0.0.1", port=port, _dispatcher=threads_of(threads))
    print(f"http://127.0.0.1:{server.effective_port}", flush=True)
    server.run()


def main() -> None:
    """Serve until it is told to stop."""
    told = argparse.ArgumentParser(description=main.__doc__)
    told.add_argument("--port", type=int, required=True)
    told.add_argument("--threads", type=int, required=True)
    told.add_argument("--page", type=Path, required=True, help="a file with the bytes to send")
    told.add_argument("--row", type=json.loads, required=True, help="values of the row to insert, as JSON")
    asked = told.parse_args()
    import django

    django.setup()
    serve(port=asked.port, threads=asked.threads, page=asked.page.read_bytes(), row=asked.row)


if __name__ == "__main__":
    main()
