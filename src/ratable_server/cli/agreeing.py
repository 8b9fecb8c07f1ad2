"""The command that brings in what was agreed: `ratable import-terms`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ratable_server.cli.answering import MALFORMED, Json, answer, told
from ratable_server.cli.starting import DEFAULT_TENANT, Tenant, open_books

if TYPE_CHECKING:
    from ratable.cases.reading import Agreement

File = Annotated[Path, typer.Argument(metavar="FILE", help="A case file, of which only what was agreed is read.")]


def join(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(told(import_terms))


def import_terms(file: File, *, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Add the products, bundles and contracts of a case file to the books: all of them, or none.

    A file that names no entity or no policy keeps those of the books.
    """
    agreed = _read(file)
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations import terms

    created = terms.import_terms(
        actor=actor,
        terms=agreed.terms,
        at=now_at(),
        keeps_policy=not agreed.names_policy,
        keeps_timezone=not agreed.names_entity,
    )
    for warning in created.warnings:
        typer.echo(f"warning: {warning.id}: {warning.code}: {warning.detail}", err=True)
    added = {
        "products": [product.id for product in agreed.terms.products],
        "product_bundles": [bundle.id for bundle in agreed.terms.product_bundles],
        "contracts": [contract.id for contract in agreed.terms.contracts],
    }
    lines = [f"{name.replace('_', ' '):<15} {', '.join(ids)}" for name, ids in added.items() if ids]
    answer(added, lines, as_json=as_json)


def _read(file: Path) -> Agreement:
    from ratable.cases.reading import read_agreement
    from ratable.errors import MalformedCaseError

    try:
        return read_agreement(file)
    except MalformedCaseError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(MALFORMED) from None
