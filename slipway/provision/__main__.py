"""The command of the service `init`: `docker compose run --rm init --help`."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from slipway.provision import calendar, objectstore, postgres
from slipway.provision.errors import ProvisionError
from slipway.provision.policy import grants, iam_policy
from slipway.provision.secrets import ACCOUNTS, SECRETS, SecretStore, s3_credentials
from slipway.provision.settings import ProvisionSettings
from slipway.provision.volumes import files_by_service, proxy_users, write

READY = Path("/tmp/secrets-ready")
"""There once the secrets are: what the database and the object store wait for to start (the service's health check)."""
_USERS = {"operator": "operator", "viewer": "viewer"}
_DAGSTER_YAML = "dagster.yaml"


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """Set up what the stack needs at its first start, and change nothing afterwards."""
    if context.invoked_subcommand is None:
        start()


def start() -> None:
    """Secrets first, then what is made with them."""
    settings = ProvisionSettings.from_environment()
    store = _store(settings)
    not_first = store.has_any()
    made = store.ensure()
    _render(settings, store)
    READY.touch()
    for name in made:
        _say(f"secret: {name} {'as given' if store.is_given(name) else 'made'}")
    if not_first and (stale := sorted({service for name in made for service in SECRETS[name].restart})):
        _say(f"Services that still know an earlier secret: docker compose restart {' '.join(stale)}")
    if settings.own_postgres:
        postgres.provision(settings, store.get, _say)
    else:
        postgres.check_outside(settings, store.get("dagster-password"), _say)
    if settings.own_objectstore:
        objectstore.provision(settings, store.get, _say)
    else:
        key, value = s3_credentials("ingestion", store.get("s3-ingestion"))
        objectstore.check_outside(settings, {"aws_access_key_id": key, "aws_secret_access_key": value}, _say)
    dagster_yaml = Path(os.environ["DAGSTER_HOME"]) / _DAGSTER_YAML
    postgres.migrate(dagster_yaml, settings.volumes / "daemon" / "pgpass", _say)
    _say("ready; who may sign in: docker compose run --rm init credentials")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def credentials(as_json: bool) -> None:
    """Show how to sign in."""
    store = _store(ProvisionSettings.from_environment())
    users = {name: store.get(f"{name}-password") for name in _USERS}
    if as_json:
        click.echo(json.dumps(users))
        return
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("user", "password", "may"):
        table.add_column(heading)
    for name, password in users.items():
        table.add_row(name, password, "do everything" if name == "operator" else "look")
    Console().print(table)


@main.command()
@click.argument("name", metavar="NAME", type=click.Choice(list(SECRETS)))
def rotate(name: str) -> None:
    """Replace one secret, wherever it is used."""
    settings = ProvisionSettings.from_environment()
    store = _store(settings)
    secret = SECRETS[name]
    earlier = store.get(name)
    if secret.fixed:
        raise ProvisionError(f"{name} cannot be rotated: {secret.fixed}.")
    if store.is_given(name) and not secret.by_rotation:
        restart = f" and `docker compose restart {' '.join(secret.restart)}`" if secret.restart else ""
        raise ProvisionError(
            f"{name} is given by file: put the new one there, and run `docker compose up -d`{restart}."
        )
    renewed = secret.make()
    if name == "postgres-password":
        postgres.set_superuser_password(settings, earlier, renewed)
    store.put(name, renewed)
    _render(settings, store)
    if settings.own_postgres and name in ("dagster-password", "shop-password", "shop-reader-password"):
        postgres.provision(settings, store.get, _say)
    if settings.own_objectstore and name.startswith("s3-"):
        objectstore.provision(settings, store.get, _say)
    _say(f"{name} ({secret.about}) is a new one.")
    if secret.restart:
        _say(f"Its services still know the old one: docker compose restart {' '.join(secret.restart)}")


@main.command()
@click.argument("account", required=False, type=click.Choice(list(ACCOUNTS)))
def policies(account: str | None) -> None:
    """Print what each object store account may do, as IAM policies for AWS."""
    settings = ProvisionSettings.from_environment()
    given = grants(settings)
    click.echo(json.dumps({name: iam_policy(name, given) for name in ([account] if account else ACCOUNTS)}, indent=2))


def _store(settings: ProvisionSettings) -> SecretStore:
    return SecretStore(settings.volumes / "init", settings.given)


def _render(settings: ProvisionSettings, store: SecretStore) -> None:
    today = dt.datetime.now(settings.timezone).date()
    settled = calendar.settle(settings, settings.volumes / "init" / "calendar.env", today)
    for service, files in files_by_service(store.get, settings, settled).items():
        write(files, settings.volumes / service)
    users = settings.volumes / "proxy" / "users.caddy"
    earlier = users.read_text() if users.exists() else ""
    passwords = {name: (role, store.get(f"{name}-password")) for name, role in _USERS.items()}
    write({users.name: proxy_users(passwords, store.get("proxy-token"), earlier)}, users.parent)


def _say(text: str) -> None:
    print(text, flush=True)


def run() -> None:
    """The command; what a person must put right is one sentence and exit code 1."""
    try:
        main(prog_name="init")
    except ProvisionError as error:
        print(f"init: {error}", file=sys.stderr, flush=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
