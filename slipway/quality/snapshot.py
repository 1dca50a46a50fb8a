"""What the contracts promised when they were last committed, and what a change of them means for who relies on them.

Two sides rely on a contract: readers on what they find in the table, writers on what they may put there. A change is
additive if neither notices; all others are breaking, also a loosened rule, because a reader may count on it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from slipway.quality.contract import Contract
from slipway.quality.errors import ContractBroken, QualityError

FILE = "contracts.snapshot.json"

Tables = Mapping[str, Mapping[str, Any]]
"""Key of each table -> `Contract.as_json()`."""


class SnapshotError(QualityError, ValueError):
    """The snapshot is not there, or is not one."""


@dataclass(frozen=True)
class Change:
    """One difference between two versions of the contracts, in a sentence."""

    table: str
    breaking: bool
    sentence: str


def tables_as_json(contracts: Iterable[Contract]) -> dict[str, dict[str, Any]]:
    return {contract.key_text: contract.as_json() for contract in sorted(contracts, key=lambda c: c.path)}


def render(tables: Tables) -> str:
    """The snapshot's text: columns in their order, so that its own diff is readable."""
    return json.dumps({"tables": tables}, indent=2, ensure_ascii=False) + "\n"


def read(path: Path) -> dict[str, Any]:
    """The tables of a snapshot; none where there is no file yet.

    Raises:
        SnapshotError
    """
    if not path.exists():
        return {}
    try:
        tables = json.loads(path.read_text(encoding="utf-8"))["tables"]
        if not isinstance(tables, dict):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SnapshotError(
            f"{path} is no snapshot of contracts: expected a JSON object with 'tables', as `slipway contracts diff "
            "--write` writes it. Restore it from git; deleting it would let breaking changes pass."
        ) from error
    return tables


def write(path: Path, contracts: Iterable[Contract], *, accept_breaking: bool = False) -> list[Change]:
    """Bring the snapshot up to date; returns what changed.

    Raises:
        ContractBroken: a change is breaking, and that is not accepted.
    """
    now = tables_as_json(contracts)
    changes = compare(read(path), now)
    broken = [change for change in changes if change.breaking]
    if broken and not accept_breaking:
        raise ContractBroken(
            f"{len(broken)} breaking {'change' if len(broken) == 1 else 'changes'}, so the snapshot stays as it is: "
            + " ".join(f"{change.sentence}" for change in broken)
            + " Make the change in an additive way, or tell the readers and use --accept-breaking."
        )
    path.write_text(render(now), encoding="utf-8")
    return changes


def compare(before: Tables, after: Tables) -> list[Change]:
    """Every difference, breaking ones first, then by table."""
    changes = [
        *(
            Change(name, True, f"Table {name} is removed: whoever reads it finds nothing new any more.")
            for name in before
            if name not in after
        ),
        *(
            Change(name, False, f"Table {name} is new, with {_counted(len(table['columns']), 'column')}.")
            for name, table in after.items()
            if name not in before
        ),
    ]
    for name, table in after.items():
        if name in before:
            changes += [Change(name, breaking, said) for breaking, said in _table_changes(name, before[name], table)]
    return sorted(changes, key=lambda change: (not change.breaking, change.table))


def _table_changes(name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    if was["partitions"] != now["partitions"]:
        yield (
            True,
            f"{name} is partitioned by {_listed(now['partitions'], 'nothing')}, was by "
            f"{_listed(was['partitions'], 'nothing')}: its paths change, and every partition has to be made again.",
        )
    if was["unique"] != now["unique"]:
        yield (
            True,
            f"{name} is unique by {_listed(now['unique'], 'nothing')}, was by {_listed(was['unique'], 'nothing')}: "
            "readers join on its key, and rows that were accepted may not be.",
        )
    if was["owner"] != now["owner"]:
        yield False, f"{name} is owned by {now['owner'] or 'nobody'}, was by {was['owner'] or 'nobody'}."
    yield from _promise_changes(name, was, now)
    for column, declared in was["columns"].items():
        if column not in now["columns"]:
            yield True, f"{name}.{column} ({declared['type']}) is removed: readers that select it fail."
    for column, declared in now["columns"].items():
        if column in was["columns"]:
            yield from _column_changes(f"{name}.{column}", was["columns"][column], declared)
        elif declared["nullable"]:
            yield False, f"{name}.{column} ({declared['type']}, may be missing) is new."
        else:
            yield (
                True,
                f"{name}.{column} ({declared['type']}) is new and may not be missing: partitions that are there have "
                "no values for it. Let it be missing first.",
            )


def _promise_changes(name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    """What is promised of the table beyond its columns; an older snapshot may not say it, and is not compared there."""
    if "due" in was and was["due"] != now["due"]:
        yield False, f"{name} is due {now['due'] or 'at no time'}, was {was['due'] or 'at no time'}."
    if "conserves" in was and set(was["conserves"]) != set(now["conserves"]):
        yield (
            True,
            f"{name} accounts for every row of {_listed(now['conserves'], 'no table')}, was of "
            f"{_listed(was['conserves'], 'no table')}: readers count on none being lost, and partitions that were "
            "published may be held back.",
        )
    if "checks" in was:
        yield from _check_changes(name, was["checks"], now["checks"])
    for part, (gone, added) in _OF_MEASURES.items():
        before = was.get(part, now[part])
        yield from ((False, f"{name}: its measure {measure} {gone}.") for measure in _only_in(before, now[part]))
        yield from ((False, f"{name}: its measure {measure} {added}.") for measure in _only_in(now[part], before))


_OF_MEASURES = {
    "measures": ("is removed: nothing plots it any more", "is new"),
    "bounded": (
        "is no longer compared with that of the same weekdays",
        "is compared with that of the same weekdays now",
    ),
}


def _check_changes(name: str, was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[bool, str]]:
    """A check that blocks is a rule: taken away it is a loosened one, added a tightened one. A warning holds nobody."""
    for check in [*was, *_only_in(now, was)]:
        before, after = was.get(check), now.get(check)
        if before == after:
            continue
        if before == "blocking":
            how = "is removed" if after is None else "no longer blocks"
            yield True, f"{name}: its blocking check {check} {how}: readers count on what it held back."
        elif after == "blocking":
            how = "is new" if before is None else "blocks now"
            yield True, f"{name}: its check {check} {how}, blocking: partitions that were published may be held back."
        else:
            yield False, f"{name}: its check {check}, a warning, is {'removed' if after is None else 'new'}."


def _column_changes(name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    if was["type"] != now["type"]:
        if widened(was["type"], now["type"]):
            yield False, f"{name} is widened from {was['type']} to {now['type']}."
        else:
            yield True, f"{name} is {now['type']}, was {was['type']}: readers and older partitions have the old type."
    if was["nullable"] and not now["nullable"]:
        yield True, f"{name} may not be missing any more: rows without it, which were accepted, are refused."
    if not was["nullable"] and now["nullable"]:
        yield True, f"{name} may be missing now: readers count on a value."
    if was["unit"] != now["unit"]:
        # A unit where none stood says more of the same numbers; another one says that they are other numbers.
        breaking = bool(was["unit"])
        yield breaking, f"{name} is in {now['unit'] or 'no unit'}, was in {was['unit'] or 'no unit'}."
    if was["personal"] and not now["personal"]:
        yield True, f"{name} is no longer marked as personal ({was['personal']}): previews and terminals would show it."
    elif was["personal"] != now["personal"]:
        yield False, f"{name} is marked as personal: {now['personal']}."
    yield from _rule_changes(name, was["rules"], now["rules"])


def _rule_changes(name: str, was: list[str], now: list[str]) -> Iterator[tuple[bool, str]]:
    if was == now:
        return
    effect = {
        "tightened": "rows that were accepted are refused",
        "loosened": "readers may count on the old rule",
        "changed": "rows that were accepted may be refused, and readers may count on the old rule",
    }[_direction(was, now)]
    yield True, f"{name}: its rule is {_direction(was, now)} from {_rules(was)} to {_rules(now)}: {effect}."


def _direction(was: list[str], now: list[str]) -> str:
    """Whether fewer values hold, or more; "changed" where that cannot be told."""
    old, new = dict(map(_rule, was)), dict(map(_rule, now))
    effects = set()
    for kind in old.keys() | new.keys():
        if kind not in old:
            effects.add("tightened")
        elif kind not in new:
            effects.add("loosened")
        elif old[kind] != new[kind]:
            effects.add(_effect(kind, old[kind], new[kind]))
    return effects.pop() if len(effects) == 1 else "changed"


def _rule(words: str) -> tuple[str, str]:
    """A rule's words (`Column.constraints`) as kind and value: a bound with its sign, a pattern, a list of values."""
    sign = words.partition(" ")[0]
    if sign in (">", ">=", "<", "<="):
        return ("lower" if sign.startswith(">") else "upper"), words
    return ("values", words.removeprefix("one of ")) if words.startswith("one of ") else ("pattern", words)


def _effect(kind: str, was: str, now: str) -> str:
    if kind == "values":
        old, new = set(was.split(", ")), set(now.split(", "))
        return "tightened" if new < old else "loosened" if new > old else "changed"
    if kind == "pattern":
        return "changed"
    (old_sign, old_bound), (new_sign, new_bound) = was.split(" ", 1), now.split(" ", 1)
    if old_bound == new_bound:
        return "tightened" if len(new_sign) < len(old_sign) else "loosened"  # ">" lets less through than ">="
    try:
        higher = Decimal(new_bound) > Decimal(old_bound)
    except InvalidOperation:
        higher = new_bound > old_bound  # dates and times in ISO form
    return "tightened" if higher == (kind == "lower") else "loosened"


_INTEGER = re.compile(r"(u?)int(8|16|32|64)")
_DECIMAL = re.compile(r"decimal(?:32|64|128|256)\((\d+), (\d+)\)")
_TIMESTAMP = re.compile(r"timestamp\[(s|ms|us)(, tz=[^\]]+)?\]")
_FLOATS = ("halffloat", "float", "double")


def widened(was: str, now: str) -> bool:
    """Whether every value of an Arrow type is one of another type, of the same kind, exactly.

    Timestamps grow finer down to microseconds; nanoseconds would take years away.
    """
    if (old := _INTEGER.fullmatch(was)) and (new := _INTEGER.fullmatch(now)):
        room = int(new[2]) - int(old[2])
        return room > 0 and (old[1] == new[1] or not new[1])
    if (old := _DECIMAL.fullmatch(was)) and (new := _DECIMAL.fullmatch(now)):
        whole = (int(old[1]) - int(old[2]), int(new[1]) - int(new[2]))
        return whole[1] >= whole[0] and int(new[2]) >= int(old[2])
    if (old := _TIMESTAMP.fullmatch(was)) and (new := _TIMESTAMP.fullmatch(now)):
        units = ("s", "ms", "us")
        return old[2] == new[2] and units.index(new[1]) > units.index(old[1])
    if was in _FLOATS and now in _FLOATS:
        return _FLOATS.index(now) > _FLOATS.index(was)
    return (was, now) == ("string", "large_string")


def _rules(rules: list[str]) -> str:
    return " and ".join(repr(rule) for rule in rules) or "none"


def _only_in(names: Iterable[str], others: Iterable[str]) -> list[str]:
    return [name for name in names if name not in set(others)]


def _listed(names: list[str], nothing: str) -> str:
    return ", ".join(names) or nothing


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
