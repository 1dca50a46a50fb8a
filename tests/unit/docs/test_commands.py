"""Every command that the documentation tells somebody to type exists, with those arguments."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from slipway.cli.main import commands

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
    else:
        assert program in {"pytest", ".", "git"}, f"{page} tells people to type {program!r}, which nothing here tests"


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
