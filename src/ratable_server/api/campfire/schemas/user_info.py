"""What is told of who asks."""

from __future__ import annotations

from ratable_server.api.campfire.schemas.fields import Resource, told_flag, told_link, told_text, told_whole


class UserInfoSerializer(Resource):
    """The owner of a token, and the tenant that it is of."""

    customer_id = told_link()
    email = told_text()
    role = told_text()
    root_entity = told_link()
    root_entity_name = told_text()
    root_currency = told_text()
    fiscal_year_start_month = told_whole()
    fiscal_year_start_day = told_whole()
    deduct_credit_memos_from_invoiced_amount = told_flag()
