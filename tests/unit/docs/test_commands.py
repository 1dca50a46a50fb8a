"""Every command that the documentation tells somebody to type exists, with those arguments."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from slipway.cli.main import commands
from slipway.provision.__main__ import main as init

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def typed_commands() -> list[tuple[str, str]]:
    """Lines of `sh` blocks, by page."""
    found = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                command = line.split("  #")[0].split(" #")[0].strip()
                if command:
                    found.append((page.name, command))
    return found


COMMANDS = typed_commands()


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 10


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=[f"{page}: {command}" for page, command in COMMANDS])
def test_command_exists(page: str, command: str) -> None:
    program, *arguments = shlex.split(command)
    if program == "slipway":
        _parses(arguments)
    elif program == "make":
        targets = [argument for argument in arguments if "=" not in argument]
        done = subprocess.run(["make", "-n", *targets], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    elif program == "python":
        module = arguments[1].replace(".", "/") if arguments[0] == "-m" else arguments[0]
        assert any((ROOT / path).exists() for path in (module, f"{module}.py", f"{module}/__main__.py")), command
    elif program == "docker":
        _about_the_stack(arguments)
    else:
        known = {"pytest", ".", "git", "curl"}
        assert program in known, f"{page} tells people to type {program!r}, which nothing here tests"


def _about_the_stack(arguments: list[str]) -> None:
    """A line for `docker compose`: its services are there, and what it runs in them is."""
    compose, command, *rest = arguments
    assert (compose, command) in {("compose", each) for each in ("up", "run", "build", "restart", "logs", "down")}
    words = [word for word in rest if not word.startswith("-")]
    services = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())["services"]
    if command == "run":
        assert words[0] == "init"
        if len(words) > 1:
            assert words[1] in init.commands
        words = words[:1]
    assert set(words) <= set(services)


def _parses(arguments: list[str]) -> None:
    """Parse a slipway command line down to its last subcommand, without running it."""
    command: click.Command = commands
    context = click.Context(command, info_name="slipway")
    while isinstance(command, click.Group):
        name, *arguments = arguments
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name!r}"
        command = found
        context = click.Context(command, parent=context, info_name=name)
    command.parse_args(context, list(arguments))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
