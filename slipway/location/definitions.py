"""From a dg project's `defs/` folder to the definitions that its code server serves."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster.components.core import load_defs

from slipway.automation.condition import follows_inputs
from slipway.lake import Lake, LakeIOManager, LakeSettings
from slipway.location.catch_up import catch_up_sensor
from slipway.location.sensors import automation_sensor, scratch_sensor
from slipway.quality import Contract, declared_tables

CONTRACT_TAG = "contract"

# Dagster makes copies of sensors when a run begins, long after `code_location`, and warns of its own beta parameters:
# in the log of every run's container, where people look for what went wrong.
for _category in (dg.BetaWarning, dg.PreviewWarning):
    warnings.filterwarnings("ignore", category=_category, module=r"dagster\.")


def code_location(
    project: Path,
    *,
    layer: str,
    resources: Mapping[str, Any] | None = None,
    external: Sequence[dg.AssetSpec] = (),
    lake: Lake | None = None,
) -> dg.Definitions:
    """Load a project's definitions and add what every location has.

    Args:
        project: a path inside the project, such as `Path(__file__).parent`.
        layer: the layer that its plain assets belong to; it becomes the prefix of their one-part keys.
        external: assets that live outside the platform, such as the applications that read gold.
        lake: for tests; default: the one that SLIPWAY_LAKE names.

    Raises:
        LakeSettingsError, SettingError: one sentence, naming the variable and what it expects.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # preview and beta features: decided in docs, pinned by tests
        found = _defs_folder(project)
        contracts = {contract.path: contract for contract in declared_tables()}
        lake = lake or Lake(LakeSettings.from_environment(), contracts)
        plain = _plain_keys(found.assets or [], layer)
        assets = [_in_layer(_prefixed(asset, plain), layer, contracts) for asset in _once(found.assets)]
        return dg.Definitions(
            assets=[*assets, *_upstream_specs(assets, contracts), *_quarantines(assets, contracts), *external],
            asset_checks=[_prefixed(check, plain) for check in _once(found.asset_checks)],
            jobs=_once(found.jobs),
            schedules=_once(found.schedules),
            sensors=[*_once(found.sensors), automation_sensor(), *_catch_up(assets), scratch_sensor(lake, layer)],
            resources={
                **(found.resources or {}),
                **(resources or {}),
                "io_manager": LakeIOManager(lake, layer),
            },
            # One process a run: a second one costs its imports again, and a run is one container of its own anyway.
            executor=found.executor or dg.in_process_executor,
            # A level given here would count in no run: Dagster uses these only where a run's config names them, and
            # otherwise its own console logger at the level of the instance (`python_logs` in dagster.yaml).
            loggers=found.loggers,
            metadata=found.metadata,
            component_tree=found.component_tree,
        )


def _defs_folder(project: Path) -> dg.Definitions:
    """What is in a project's `defs/` folder.

    `dg.load_from_defs_folder` also imports every installed package that has components in it (with dagster-aws: boto3
    and clients for Athena, Redshift and others) and writes a JSON schema of each, for the UI's page of component
    documentation: most of the time that a location takes to load, in every run, and 14 MB of its server. That is left
    out; the page stays empty.
    """
    documented = load_defs.get_library_json_enriched_defs
    load_defs.get_library_json_enriched_defs = lambda tree: dg.Definitions(component_tree=tree)
    try:
        return dg.load_from_defs_folder(path_within_project=project)
    finally:
        load_defs.get_library_json_enriched_defs = documented


def _once(found: Iterable[Any] | None) -> list[Any]:
    """Each object once: the loader finds one again in every module that imports it, such as a sensor its job."""
    return list({id(each): each for each in found or []}.values())


def _plain_keys(assets: Iterable[Any], layer: str) -> dict[dg.AssetKey, dg.AssetKey]:
    """Plain assets, which have a key of one part, and the key with their layer that they get."""
    return {
        key: dg.AssetKey([layer, *key.path])
        for asset in assets
        for key in (asset.keys if isinstance(asset, dg.AssetsDefinition) else [asset.key])
        if len(key.path) == 1
    }


def _prefixed(asset: Any, plain: Mapping[dg.AssetKey, dg.AssetKey]) -> Any:
    """An asset or check under its key with layer, and so what it depends on."""
    if not plain:
        return asset
    if isinstance(asset, dg.AssetsDefinition):
        return asset.with_attributes(asset_key_replacements=plain)
    if isinstance(asset, dg.AssetSpec):
        deps = [
            dg.AssetDep(plain.get(dep.asset_key, dep.asset_key), partition_mapping=dep.partition_mapping)
            for dep in asset.deps
        ]
        return asset.replace_attributes(key=plain.get(asset.key, asset.key), deps=deps)
    return asset


def _in_layer(asset: Any, layer: str, contracts: Mapping[tuple[str, ...], Contract]) -> Any:
    """Group plain assets by their layer and say that they promise nothing."""
    if not isinstance(asset, dg.AssetsDefinition):
        return asset

    def marked(spec: dg.AssetSpec) -> dg.AssetSpec:
        if tuple(spec.key.path) in contracts:
            return spec
        group = layer if spec.group_name in (None, "default") else spec.group_name
        return spec.replace_attributes(group_name=group, tags={**spec.tags, CONTRACT_TAG: "none"})

    return asset.map_asset_specs(marked)


def _upstream_specs(assets: Sequence[Any], contracts: Mapping[tuple[str, ...], Contract]) -> list[dg.AssetSpec]:
    """Specs of declared tables that these assets read and another location makes; partitions and all, because
    Dagster maps partitions by what this location knows of them."""
    own = {key for asset in assets if isinstance(asset, dg.AssetsDefinition) for key in asset.keys}
    own |= {asset.key for asset in assets if isinstance(asset, dg.AssetSpec)}
    read = {
        dep.asset_key
        for asset in assets
        if isinstance(asset, dg.AssetsDefinition)
        for spec in asset.specs
        for dep in spec.deps
    }
    quarantines = {contract.quarantine.key for contract in contracts.values() if contract.quarantine}
    return [
        contract.spec()
        for key in sorted(read - own)
        if (contract := contracts.get(tuple(key.path))) is not None
        and not (key in quarantines and _made(key, own, contracts))
    ]


def _catch_up(assets: Sequence[Any]) -> list[dg.SensorDefinition]:
    """The sensor for the assets that follow their inputs, if there are any."""
    specs = [spec for asset in assets if isinstance(asset, dg.AssetsDefinition) for spec in asset.specs]
    keys = [spec.key for spec in specs if follows_inputs(spec)]
    return [catch_up_sensor(keys)] if keys else []


def _quarantines(assets: Sequence[Any], contracts: Mapping[tuple[str, ...], Contract]) -> list[dg.AssetSpec]:
    """The quarantines of this location's tables: written along with them, shown beside them."""
    own = {key for asset in assets if isinstance(asset, dg.AssetsDefinition) for key in asset.keys}
    return [
        contract.quarantine.spec(deps=[contract.key])
        for contract in contracts.values()
        if contract.quarantine is not None and contract.key in own
    ]


def _made(key: dg.AssetKey, own: set[dg.AssetKey], contracts: Mapping[tuple[str, ...], Contract]) -> bool:
    return any(c.quarantine is not None and c.quarantine.key == key and c.key in own for c in contracts.values())
