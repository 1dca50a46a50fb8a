"""Bring every asset of every location up to date, with progress."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import dagster as dg
from dagster._core.definitions.partitions.context import partition_loading_context

from slipway.embedded.home import Home
from slipway.embedded.plan import Bundle, Node, stretches, waves
from slipway.embedded.processes import Processes
from slipway.embedded.runs import Runner, Stretch, runner
from slipway.lake import LakeSettings
from slipway.lake.scratch import Scratch
from slipway.lake.store import open_store

TAGS = {"slipway/started_by": "materialize"}


class Progress(Protocol):
    """Where progress is shown."""

    def planned(self, partitions: int, label: str) -> None: ...
    def advanced(self, partitions: int) -> None: ...
    def said(self, sentence: str) -> None: ...


@dataclass
class Outcome:
    """What a pass has done.

    Attributes:
        written: partitions that were written, by asset.
        failed: runs that failed, with the first sentence of their error.
    """

    written: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    runs: int = 0


def materialize_all(home: Home, processes: Processes, progress: Progress, width: int | None = None) -> Outcome:
    """Materialize what is missing or has changed, wave by wave: sources first, then what depends on them.

    What is new in the sources is asked of the locations' own sensors.

    Args:
        width: runs at the same time; default: the number of processors.
    """
    outcome = Outcome()
    locations = home.settings()["SLIPWAY_LOCATIONS"].split(",")
    with runner(locations, processes) as run:
        pass_ = _Pass(run, progress, outcome, width or max(1, os.cpu_count() or 1))
        for bundles in waves(pass_.nodes(), pass_.width):
            pass_.make(bundles)
    return outcome


class _Pass:
    def __init__(self, run: Runner, progress: Progress, outcome: Outcome, width: int) -> None:
        self.run = run
        self.progress = progress
        self.outcome = outcome
        self.width = width
        self.graph = run.asset_graph()
        self.scratch = Scratch(open_store(LakeSettings.from_environment()))
        self.tried: dict[str, set[str]] = {}

    def nodes(self) -> list[Node]:
        nodes = []
        definitions: list[dg.PartitionsDefinition] = []
        for key in self.graph.toposorted_asset_keys:
            node = self.graph.get(key)
            if not node.is_materializable:
                continue
            location = self.graph.get_repository_handle(key).location_name
            together = {str_key(other) for other in node.execution_set_asset_keys if other != key}
            nodes.append(
                Node(
                    str_key(key),
                    location,
                    frozenset(str_key(parent) for parent in node.parent_keys),
                    _name(node.partitions_def, definitions),
                    frozenset(together),
                )
            )
        return nodes

    def make(self, bundles: Sequence[Bundle]) -> None:
        """Run one wave: ask the sensors first, because a source may have changed, or a new key turned up.

        Then look again, because within a wave one asset's new content makes another one stale; what was tried is not
        tried twice.
        """
        requested = self.run.ask_sensors({bundle.location for bundle in bundles}, self.progress.said)
        while waiting := self._waiting(bundles, requested):
            self._run_all(waiting)
            requested = {}

    def _waiting(self, bundles: Sequence[Bundle], requested: Mapping[str, set[str]]) -> list[Stretch]:
        with partition_loading_context(dynamic_partitions_store=self.run.instance):
            return [stretch for bundle in bundles for stretch in self._stretches(bundle, requested)]

    def _run_all(self, waiting: list[Stretch]) -> None:
        self.progress.planned(
            sum(stretch.materializations for stretch in waiting),
            ", ".join(dict.fromkeys(stretch.location for stretch in waiting)),
        )
        running: dict[str, Stretch] = {}
        while waiting or running:
            while waiting and len(running) < self.width:
                stretch = waiting.pop(0)
                running[self.run.start(stretch, TAGS)] = stretch
                self.outcome.runs += 1
            self.run.pause()
            for run_id in list(running):
                over = self.run.finished(run_id)
                for asset, count in self.run.new_materializations(run_id).items():
                    self.outcome.written[asset] = self.outcome.written.get(asset, 0) + count
                    if asset_key(asset) in running[run_id].assets:  # a quarantine comes along, uncounted
                        self.progress.advanced(count)
                if over:
                    del running[run_id]
                    if reason := self.run.failure(run_id):
                        self.outcome.failed[run_id] = reason
                    else:
                        self.scratch.remove(run_id)  # no daemon runs whose sensor would

    def _stretches(self, bundle: Bundle, requested: Mapping[str, set[str]]) -> list[Stretch]:
        wanted: dict[str, Sequence[str] | None] = {}
        all_keys: dict[str, Sequence[str]] = {}
        two_dimensional: set[str] = set()
        needs = self.run.needs([asset_key(key) for key in bundle.keys])
        for key in bundle.keys:
            definition = self.graph.get(asset_key(key)).partitions_def
            tried = self.tried.setdefault(key, set())
            need = (needs.get(key, set()) | requested.get(key, set())) - tried
            tried |= need
            if definition is None:
                if need:
                    wanted[key] = None
                continue
            if isinstance(definition, dg.MultiPartitionsDefinition):
                two_dimensional.add(key)
            order = definition.get_partition_keys()
            all_keys[key] = order
            if chosen := [partition for partition in order if str(partition) in need]:
                wanted[key] = chosen
        return [
            Stretch(
                bundle.location,
                tuple(asset_key(key) for key in run.assets),
                run.first,
                run.last,
                sum(1 if wanted[key] is None else run.partitions for key in run.assets),
            )
            for run in stretches(wanted, all_keys, two_dimensional)
        ]


def _name(definition: dg.PartitionsDefinition | None, known: list[dg.PartitionsDefinition]) -> str:
    """A name for a partitions definition, the same for equal ones; "" for none."""
    if definition is None:
        return ""
    if definition not in known:
        known.append(definition)
    return str(known.index(definition) + 1)


def str_key(key: dg.AssetKey) -> str:
    return "/".join(key.path)


def asset_key(key: str) -> dg.AssetKey:
    return dg.AssetKey(key.split("/"))
