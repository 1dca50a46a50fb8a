"""Requests that know who has signed in."""

from __future__ import annotations

from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from starlette.requests import HTTPConnection

from slipway.instance.coordinator import LAUNCHED_BY, USER_HEADER


class SignedInRequestContext(WorkspaceRequestContext):
    """A request with its user's name for what Dagster marks by itself: backfills, and through them their runs."""

    def get_viewer_tags(self) -> dict[str, str]:
        name = self.source.headers.get(USER_HEADER) if isinstance(self.source, HTTPConnection) else None
        return {LAUNCHED_BY: name} if name else {}

    def get_reporting_user_tags(self) -> dict[str, str]:
        return self.get_viewer_tags()


class SignedInProcessContext(WorkspaceProcessContext):
    def create_request_context(self, source: object | None = None) -> SignedInRequestContext:
        return SignedInRequestContext(
            instance=self.instance,
            current_workspace=self.get_current_workspace(),
            process_context=self,
            version=self.version,
            source=source,
            read_only=self.read_only,
        )
