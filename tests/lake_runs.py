"""Runs of real Dagster over a lake: an ephemeral instance, its events, and what each run said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from slipway.lake import Lake, LakeIOManager

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


@dataclass(frozen=True)
class Runs:
    """Materializes assets into one lake and keeps what Dagster recorded."""

    lake: Lake
    instance: dg.DagsterInstance
    layer: str = "bronze"

    @property
    def manager(self) -> LakeIOManager:
        return LakeIOManager(self.lake, self.layer)

    def materialize(
        self,
        *assets: dg.AssetsDefinition | dg.SourceAsset,
        only: Sequence[dg.AssetsDefinition] | None = None,
        partition: str | None = None,
        span: tuple[str, str] | None = None,
        fails: bool = False,
        tags: Mapping[str, str] | None = None,
    ) -> dg.ExecuteInProcessResult:
        """Run assets for one partition, a span of them (first and last), or none."""
        all_tags = dict(tags or {})
        if span:
            all_tags |= {RANGE_START: span[0], RANGE_END: span[1]}
        result = dg.materialize(
            list(assets),
            selection=only,
            partition_key=partition,
            resources={"io_manager": self.manager},
            instance=self.instance,
            tags=all_tags,
            run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
            raise_on_error=not fails,
        )
        assert result.success is not fails
        return result

    def materializations(self, key: str) -> list[dg.AssetMaterialization]:
        """All that was recorded for an asset, oldest first."""
        records = self.instance.fetch_materializations(asset_key(key), limit=1000).records
        found = [record.asset_materialization for record in reversed(records)]
        return [materialization for materialization in found if materialization is not None]

    def partitions(self, key: str) -> list[str | None]:
        return [materialization.partition for materialization in self.materializations(key)]

    def stored(self, key: str) -> list[str]:
        """Partitions that lie in the lake, as text of their dimensions' keys."""
        path = tuple(self.manager.asset_path(asset_key(key)))
        return sorted("|".join(dims[name] for name in sorted(dims)) for dims, _size in self.lake.partitions(path))


@contextmanager
def runs_on(lake: Lake) -> Iterator[Runs]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Runs(lake, instance)


def asset_key(text: str) -> dg.AssetKey:
    return dg.AssetKey(text.split("/"))


def failure(result: dg.ExecuteInProcessResult) -> str:
    """What a failed run says: the error itself, below the one in which Dagster wraps it."""
    [event] = result.get_step_failure_events()
    error = event.step_failure_data.error
    assert error is not None
    return (error.cause or error).message
