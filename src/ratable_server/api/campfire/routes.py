"""Routes of the dialect, as published; both spellings of a slash at the end are taken."""

from __future__ import annotations

from django.urls import URLPattern, path, register_converter

from ratable_server.api.campfire.views import products
from ratable_server.api.views import WholeId

register_converter(WholeId, "id")

urlpatterns: list[URLPattern] = [
    path("rr/api/v1/product", products.Products.as_view()),
    path("rr/api/v1/product/<id:id>", products.Product.as_view()),
]
