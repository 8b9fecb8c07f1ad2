"""Zuora's usage API: `/v1` and `/oauth/token`, so that programs written against it work unchanged.

    routes     every path, published spelling; whatever else is below /v1 is refused in this API's shape
    views      read with schemas, translate, call one operation or query, translate, answer
    schemas    what a body has
    translate  their words and ours; `ids` makes their 32 letters of our row ids and back, and keeps nothing
    problems   every refusal of ours with their code and status; total
    headers    what every answer below /v1 says of itself: ids, tracking, compression, limits

To add a resource:

1. `views/<resource>.py`: a class per path. `CrudView` for `/v1/object/…` and `/v1/action/…`, whose answers are capitalised
   (`Success`, `Errors`); `ReasonsView` for everything else, whose answers are lower-case (`success`, `reasons`). Both ask
   who it is, keep the limits, take gzip, answer a POST with an `Idempotency-Key` once, and tell every refusal
   (`raise Refused(…)`) and every wrong field of a schema in their shape. `self.actor` asks; `self.read(Schema)` gives the
   fields; `self.wsdl_version` and `self.rejects_unknown_fields` say what the caller wants.
2. A method is told by a decorator of `views.documented`: `gives`, `takes`.
3. Its path goes into `routes.py`, its row in `openapi/zuora.csv` becomes `served`: `tests/wire/zuora/test_coverage.py` compares
   both, and the client of the tests holds each answer against the published types.
4. A refusal that is new in `ratable_server.errors` gets its row in `problems.py`; a field of ours that they call otherwise in
   `THEIR_FIELD`.
"""
