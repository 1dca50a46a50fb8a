"""Options that several commands take."""

from __future__ import annotations

import click

from slipway.quality.declarations import DEFAULT_PACKAGE, PACKAGE

contracts_option = click.option(
    "--contracts",
    default=DEFAULT_PACKAGE,
    envvar=PACKAGE,
    show_default=True,
    metavar="PACKAGE",
    help=f"The package that declares the tables; or set {PACKAGE}.",
)
locations_option = click.option(
    "--location",
    "locations",
    multiple=True,
    metavar="PACKAGE",
    help="A code location; may be repeated. Default: SLIPWAY_LOCATIONS, or the example's three.",
)
