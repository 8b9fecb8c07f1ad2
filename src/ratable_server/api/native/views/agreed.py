"""Products, bundles, customers, contracts and prepaid commits, as they were agreed: by pages, or one by its id."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.native.schemas.paging import PageAsked
from ratable_server.api.native.schemas.terms import (
    ContractInDetailSerializer,
    ContractSerializer,
    CustomerSerializer,
    PrepaidCommitInDetailSerializer,
    PrepaidCommitSerializer,
    ProductBundleSerializer,
    ProductSerializer,
)
from ratable_server.api.native.translate import terms as translate
from ratable_server.api.native.views.asking import found, page
from ratable_server.api.native.views.documented import gives, page_of
from ratable_server.api.native.views.view import NativeView, answer
from ratable_server.clock import now_at
from ratable_server.queries.catalog import product_bundles, products
from ratable_server.queries.contract_lines import usage_items
from ratable_server.queries.contracts import contracts
from ratable_server.queries.customers import customers
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.prepaid_commits import prepaid_balances, prepaid_commits


class Products(NativeView):
    """All products."""

    @gives(page_of(ProductSerializer), asks=PageAsked, operation_id="list_products")
    def get(self, _request: Request) -> Response:
        """Products with their price plans, in the order in which they were told."""
        return page(self, Asked(), lambda asked: products(actor=self.actor, asked=asked), told=translate.from_product)


class Product(NativeView):
    """One product."""

    @gives(ProductSerializer, operation_id="get_product")
    def get(self, _request: Request, id: str) -> Response:
        """A product with its price plans."""
        return answer(translate.from_product(found(products(actor=self.actor, asked=Asked(codes=[id])))))


class ProductBundles(NativeView):
    """All bundles."""

    @gives(page_of(ProductBundleSerializer), asks=PageAsked, operation_id="list_product_bundles")
    def get(self, _request: Request) -> Response:
        """Bundles with their lines, in the order in which they were told."""
        return page(
            self, Asked(), lambda asked: product_bundles(actor=self.actor, asked=asked), told=translate.from_bundle
        )


class ProductBundle(NativeView):
    """One bundle."""

    @gives(ProductBundleSerializer, operation_id="get_product_bundle")
    def get(self, _request: Request, id: str) -> Response:
        """A bundle with its lines."""
        return answer(translate.from_bundle(found(product_bundles(actor=self.actor, asked=Asked(codes=[id])))))


class Customers(NativeView):
    """All customers."""

    @gives(page_of(CustomerSerializer), asks=PageAsked, operation_id="list_customers")
    def get(self, _request: Request) -> Response:
        """Customers, in the order in which they came."""
        return page(self, Asked(), lambda asked: customers(actor=self.actor, asked=asked), told=translate.from_customer)


class Customer(NativeView):
    """One customer."""

    @gives(CustomerSerializer, operation_id="get_customer")
    def get(self, _request: Request, id: str) -> Response:
        """A customer with the contracts that it has."""
        return answer(translate.from_customer(found(customers(actor=self.actor, asked=Asked(codes=[id])))))


class Contracts(NativeView):
    """All contracts."""

    @gives(page_of(ContractSerializer), asks=PageAsked, operation_id="list_contracts")
    def get(self, _request: Request) -> Response:
        """Contracts, in the order in which they were signed."""
        return page(self, Asked(), lambda asked: contracts(actor=self.actor, asked=asked), told=translate.from_contract)


class Contract(NativeView):
    """One contract."""

    @gives(ContractInDetailSerializer, operation_id="get_contract")
    def get(self, _request: Request, id: str) -> Response:
        """A contract with its usage items."""
        row = found(contracts(actor=self.actor, asked=Asked(codes=[id])))
        items = usage_items(actor=self.actor, contract_id=row.id, asked=EVERYTHING).rows
        return answer({**translate.from_contract(row), "usage_items": [translate.from_item(item) for item in items]})


class PrepaidCommits(NativeView):
    """All prepaid commits."""

    @gives(page_of(PrepaidCommitSerializer), asks=PageAsked, operation_id="list_prepaid_commits")
    def get(self, _request: Request) -> Response:
        """Prepaid commits, in the order in which they were granted."""
        return page(
            self, Asked(), lambda asked: prepaid_commits(actor=self.actor, asked=asked), told=translate.from_commit
        )


class PrepaidCommit(NativeView):
    """One prepaid commit."""

    @gives(PrepaidCommitInDetailSerializer, operation_id="get_prepaid_commit")
    def get(self, _request: Request, id: str) -> Response:
        """A prepaid commit with what is left of it today, once all that is recorded was drawn."""
        row = found(prepaid_commits(actor=self.actor, asked=Asked(codes=[id])))
        balance = prepaid_balances(actor=self.actor, commits=[row], on=now_at().date())[row.code]
        return answer({**translate.from_commit(row), "balance": translate.from_balance(balance)})
