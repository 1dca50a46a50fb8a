"""The only way in: nothing without sign-in, two roles, no requests from other sites, and who asked is on the run."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.stack_process import Answer, Stack, docker, wait_for

RUN = "00000000-0000-0000-0000-000000000000"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "c2xpcHdheS1zbGlwd2F5LQ==",
    "Sec-WebSocket-Protocol": "graphql-ws",
}
JSON = {"Content-Type": "application/json"}
CHEAP_QUERY = json.dumps({"query": "{ version }"}).encode()

ENTRANCES: list[tuple[str, str, Mapping[str, str]]] = [
    ("GET", "/", {}),
    ("GET", "/graphql", {}),
    ("GET", "/graphql?query={version}", {}),
    ("POST", "/graphql", JSON),
    ("GET", "/graphql", UPGRADE),
    ("GET", "/server_info", {}),
    ("GET", "/dagit_info", {}),
    ("GET", f"/logs/{RUN}/compute_logs/x/err", {}),
    ("GET", "/reports/gold/_files/weekly_sales_report/week=2026-01-05/report.html", {}),
    ("POST", "/report_asset_materialization/gold/daily_revenue", JSON),
    ("POST", "/report_asset_check/gold/daily_revenue", JSON),
    ("POST", "/report_asset_observation/gold/daily_revenue", JSON),
    ("GET", f"/download_debug/{RUN}", {}),
    ("GET", "/notebook?path=x.ipynb&repoLocName=ingestion", {}),
    ("GET", "/favicon.png", {}),
    ("GET", "/_next/static/x.js", {}),
    ("GET", "/nothing/of/this/name", {}),
    ("GET", "//graphql", {}),
    ("GET", "/%2e%2e/graphql", {}),
    ("GET", "/graphql%0a", {}),
    *(
        (method, "/", {})
        for method in ("HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "BREW")
    ),
]


@pytest.mark.parametrize(("method", "path", "headers"), ENTRANCES)
def test_nothing_opens_without_sign_in(stack: Stack, method: str, path: str, headers: Mapping[str, str]) -> None:
    answer = stack.request(path, None, method=method, headers=headers, data=b"{}" if method == "POST" else None)
    assert answer.status == 401
    assert answer.body in (b"", b"401 Unauthorized")
    forged = {**headers, "X-Slipway-User": "operator", "Authorization": "Bearer operator"}
    assert stack.request(path, None, method=method, headers=forged).status == 401


@pytest.mark.parametrize("user", ["operator", "viewer", "admin", "", "operator:"])
def test_a_wrong_password_opens_nothing(stack: Stack, user: str) -> None:
    for password in ("", "operator", stack.password("viewer" if user == "operator" else "operator")):
        sent = base64.b64encode(f"{user}:{password}".encode()).decode()
        assert stack.request("/", None, headers={"Authorization": f"Basic {sent}"}).status == 401


def test_both_roles_see_the_ui_and_may_ask(stack: Stack) -> None:
    for user in ("operator", "viewer"):
        page = stack.request("/", user)
        assert page.status == 200
        assert b"<!DOCTYPE html>" in page.body
        locations = stack.graphql("{ workspaceOrError { ... on Workspace { locationEntries { name } } } }", user=user)
        names = {each["name"] for each in locations["workspaceOrError"]["locationEntries"]}
        assert names == {"ingestion", "transformation", "reporting"}


def test_what_answers_does_not_introduce_itself(stack: Stack) -> None:
    for user in (None, "operator"):
        headers = {name.lower() for name in stack.request("/", user).headers}
        assert "server" not in headers
        assert "x-frame-options" in headers, "no other site may frame a page"


# -- the viewer

_PICK = 'repositoryName: "__repository__", repositoryLocationName: "ingestion"'
_JOB = f'selector: {{{_PICK}, jobName: "__ASSET_JOB"}}, mode: "default", runConfigData: {{}}'
_ASSET = '{path: ["bronze", "wholesale_sales"]}'
_ERROR = "__typename ... on Error { message }"
MUTATIONS = {
    "launchRun": f"launchRun(executionParams: {{{_JOB}}}) {{ {_ERROR} }}",
    "launchPipelineExecution": f"launchPipelineExecution(executionParams: {{{_JOB}}}) {{ {_ERROR} }}",
    "launchMultipleRuns": f"""launchMultipleRuns(executionParamsList: [{{{_JOB}}}]) {{
        __typename ... on LaunchMultipleRunsResult {{ launchMultipleRunsResult {{ {_ERROR} }} }} }}""",
    "launchRunReexecution": f"""launchRunReexecution(reexecutionParams: {{parentRunId: "A_RUN", strategy: ALL_STEPS}})
        {{ {_ERROR} }}""",
    "launchPartitionBackfill": f"""launchPartitionBackfill(backfillParams: {{
        assetSelection: [{_ASSET}], partitionNames: ["2026-01-01"]}}) {{ {_ERROR} }}""",
    "cancelPartitionBackfill": f'cancelPartitionBackfill(backfillId: "BACKFILL") {{ {_ERROR} }}',
    "resumePartitionBackfill": f'resumePartitionBackfill(backfillId: "BACKFILL") {{ {_ERROR} }}',
    "terminateRun": f'terminateRun(runId: "{RUN}") {{ {_ERROR} }}',
    "terminateRuns": f"""terminateRuns(runIds: ["{RUN}"]) {{ __typename
        ... on TerminateRunsResult {{ terminateRunResults {{ {_ERROR} }} }} ... on Error {{ message }} }}""",
    "deleteRun": f'deleteRun(runId: "{RUN}") {{ {_ERROR} }}',
    "wipeAssets": f"wipeAssets(assetPartitionRanges: [{{assetKey: {_ASSET}}}]) {{ {_ERROR} }}",
    "reportRunlessAssetEvents": f"""reportRunlessAssetEvents(eventParams: {{
        eventType: ASSET_MATERIALIZATION, assetKey: {_ASSET}}}) {{ {_ERROR} }}""",
    "startSchedule": f'startSchedule(scheduleSelector: {{{_PICK}, scheduleName: "x"}}) {{ {_ERROR} }}',
    "startSensor": f'startSensor(sensorSelector: {{{_PICK}, sensorName: "wholesale_files"}}) {{ {_ERROR} }}',
    "stopSensor": f'stopSensor(id: "SENSOR") {{ {_ERROR} }}',
    "resetSensor": f'resetSensor(sensorSelector: {{{_PICK}, sensorName: "wholesale_files"}}) {{ {_ERROR} }}',
    "setSensorCursor": f"""setSensorCursor(cursor: "", sensorSelector: {{{_PICK}, sensorName: "wholesale_files"}})
        {{ {_ERROR} }}""",
    "sensorDryRun": f"""sensorDryRun(cursor: "", selectorData: {{{_PICK}, sensorName: "wholesale_files"}})
        {{ {_ERROR} }}""",
    "reloadRepositoryLocation": f'reloadRepositoryLocation(repositoryLocationName: "ingestion") {{ {_ERROR} }}',
    "shutdownRepositoryLocation": f'shutdownRepositoryLocation(repositoryLocationName: "ingestion") {{ {_ERROR} }}',
    "reloadWorkspace": f"reloadWorkspace {{ {_ERROR} }}",
    "addDynamicPartition": f"""addDynamicPartition(partitionsDefName: "categories", partitionKey: "x",
        repositorySelector: {{{_PICK}}}) {{ {_ERROR} }}""",
    "deleteDynamicPartitions": f"""deleteDynamicPartitions(partitionsDefName: "categories", partitionKeys: ["x"],
        repositorySelector: {{{_PICK}}}) {{ {_ERROR} }}""",
    "setAutoMaterializePaused": "setAutoMaterializePaused(paused: true)",
    "setConcurrencyLimit": 'setConcurrencyLimit(concurrencyKey: "x", limit: 1)',
    "deleteConcurrencyLimit": 'deleteConcurrencyLimit(concurrencyKey: "x")',
    "freeConcurrencySlots": f'freeConcurrencySlots(runId: "{RUN}")',
    "freeConcurrencySlotsForRun": f'freeConcurrencySlotsForRun(runId: "{RUN}")',
}


def types_and_errors(stack: Stack, user: str, mutation: str) -> str:
    body = json.dumps({"query": f"mutation {{ {mutation} }}"}).encode()
    answer = stack.request("/graphql", user, method="POST", data=body, headers=JSON)
    return answer.body.decode()


@pytest.fixture(scope="module")
def known(stack: Stack) -> dict[str, str]:
    """Ids of what is there: of some things Dagster asks first whether they are, and then who may."""
    found = stack.graphql(
        """{ partitionBackfillsOrError(limit: 1) { ... on PartitionBackfills { results { id } } }
        sensorOrError(sensorSelector: {repositoryName: "__repository__", repositoryLocationName: "ingestion",
            sensorName: "wholesale_files"}) { ... on Sensor { sensorState { id } } } }"""
    )
    return {
        "A_RUN": stack.runs()[-1]["runId"],
        "BACKFILL": found["partitionBackfillsOrError"]["results"][0]["id"],
        "SENSOR": found["sensorOrError"]["sensorState"]["id"],
    }


@pytest.mark.parametrize("name", MUTATIONS)
def test_the_viewer_changes_nothing(stack: Stack, known: dict[str, str], name: str) -> None:
    mutation = MUTATIONS[name]
    for placeholder, value in known.items():
        mutation = mutation.replace(f'"{placeholder}"', f'"{value}"')
    told = types_and_errors(stack, "viewer", mutation)
    # Some are refused as a result of type UnauthorizedError, some as an error of the query.
    assert "UnauthorizedError" in told or "permission" in told, told
    assert "Cannot query" not in told


@pytest.mark.parametrize("method", ["materialization", "check", "observation"])
def test_the_viewer_reports_no_events(stack: Stack, method: str) -> None:
    body = json.dumps({"check_name": "x", "passed": True, "data_version": "1"}).encode()
    path = f"/report_asset_{method}/slipway/test/nothing"
    assert stack.request(path, "viewer", method="POST", data=body, headers=JSON).status == 401


def test_the_operator_may(stack: Stack) -> None:
    assert "UnauthorizedError" not in types_and_errors(stack, "operator", MUTATIONS["terminateRun"])
    set_, delete = ('setConcurrencyLimit(concurrencyKey: "test", limit: 1)', MUTATIONS["deleteConcurrencyLimit"])
    assert json.loads(types_and_errors(stack, "operator", set_))["data"] == {"setConcurrencyLimit": True}
    assert "errors" not in json.loads(types_and_errors(stack, "operator", delete.replace('"x"', '"test"')))


def may_launch(stack: Stack, user: str, headers: Mapping[str, str]) -> bool:
    query = "{ permissions { permission value } }"
    body = json.dumps({"query": query}).encode()
    answer = stack.request("/graphql", user, method="POST", data=body, headers={**JSON, **headers})
    assert answer.status == 200
    permissions = {each["permission"]: each["value"] for each in answer.json()["data"]["permissions"]}
    return bool(permissions["launch_pipeline_execution"])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slipway-User": "operator"},
        {"x-slipway-role": "operator", "X-Role": "operator"},
        {"Host": "webserver:3000"},
        {"X-Forwarded-Host": "webserver:3000", "X-Forwarded-User": "operator", "Forwarded": "host=webserver"},
        {"Cookie": "user=operator; role=operator"},
        {"X-Original-URL": "/", "X-Rewrite-URL": "/", "X-HTTP-Method-Override": "POST"},
    ],
)
def test_no_header_makes_a_viewer_an_operator(stack: Stack, headers: Mapping[str, str]) -> None:
    assert may_launch(stack, "operator", headers)
    assert not may_launch(stack, "viewer", headers)


# -- who asked for a run


def first_partition(stack: Stack) -> str:
    query = (
        '{ assetNodeOrError(assetKey: {path: ["bronze", "exchange_rates"]}) { ... on AssetNode { partitionKeys } } }'
    )
    keys: list[str] = stack.graphql(query)["assetNodeOrError"]["partitionKeys"]
    return keys[0]


def post(stack: Stack, query: str, variables: Any, headers: Mapping[str, str]) -> Any:
    body = json.dumps({"query": query, "variables": variables}).encode()
    answer = stack.request("/graphql", method="POST", data=body, headers={**JSON, **headers})
    assert answer.status == 200, answer.body
    return answer.json()["data"]


LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } } }"""


@pytest.mark.parametrize(
    "forged",
    [{"X-Slipway-User": "somebody-else"}, {"Connection": "keep-alive, X-Slipway-User", "x-slipway-user": "other"}],
)
def test_a_run_has_the_name_of_who_signed_in(stack: Stack, forged: Mapping[str, str]) -> None:
    params = {
        "selector": {
            "repositoryName": "__repository__",
            "repositoryLocationName": "ingestion",
            "jobName": "__ASSET_JOB",
            "assetSelection": [{"path": ["bronze", "exchange_rates"]}],
        },
        "mode": "default",
        "runConfigData": {},
        "executionMetadata": {
            "tags": [
                {"key": "slipway/launched_by", "value": "somebody-else"},
                {"key": "dagster/partition", "value": first_partition(stack)},
            ]
        },
    }
    found = post(stack, LAUNCH, {"params": params}, forged)["launchRun"]
    assert found["__typename"] == "LaunchRunSuccess"
    run = stack.run(found["run"]["runId"])
    # It is not needed any more.
    types_and_errors(stack, "operator", MUTATIONS["terminateRun"].replace(RUN, run["runId"]))
    assert run["tags"]["slipway/launched_by"] == "operator"


def test_a_backfill_and_its_runs_have_it_too(stack: Stack) -> None:
    query = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
        __typename ... on LaunchBackfillSuccess { backfillId } ... on Error { message } } }"""
    params = {
        "assetSelection": [{"path": ["bronze", "exchange_rates"]}],
        "partitionNames": [first_partition(stack)],
        "tags": [{"key": "slipway/launched_by", "value": "somebody-else"}],
    }
    found = post(stack, query, {"params": params}, {"X-Slipway-User": "somebody-else"})["launchPartitionBackfill"]
    assert found["__typename"] == "LaunchBackfillSuccess", found
    backfill = found["backfillId"]
    query = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
        ... on PartitionBackfill { tags { key value } } } }"""
    tags = stack.graphql(query, {"id": backfill})["partitionBackfillOrError"]["tags"]
    assert {"key": "slipway/launched_by", "value": "operator"} in tags

    def runs() -> list[dict[str, Any]]:
        return [run for run in stack.runs() if run["tags"].get("dagster/backfill") == backfill]

    wait_for(lambda: bool(runs()), 45, "the backfill started no run")
    assert {run["tags"].get("slipway/launched_by") for run in runs()} == {"operator"}


def test_automated_runs_name_their_sensor(stack: Stack) -> None:
    wait_for(lambda: any("dagster/sensor_name" in run["tags"] for run in stack.runs()), 60, "no sensor started a run")
    automated = [run["tags"] for run in stack.runs() if "dagster/sensor_name" in run["tags"]]
    for tags in automated:
        assert tags["slipway/launched_by"] == f"sensor {tags['dagster/sensor_name']}"


# -- subscriptions


def websocket(stack: Stack, user: str | None, origin: str | None = None) -> ClientConnection:
    headers = {}
    if user:
        signed = base64.b64encode(f"{user}:{stack.password(user)}".encode()).decode()
        headers["Authorization"] = f"Basic {signed}"
    return connect(
        f"ws://127.0.0.1:{stack.port}/graphql",
        subprotocols=["graphql-ws"],  # type: ignore[list-item]
        additional_headers=headers,
        origin=origin,  # type: ignore[arg-type]
        open_timeout=15,
    )


@pytest.mark.parametrize("user", ["operator", "viewer"])
def test_a_runs_events_arrive_by_websocket(stack: Stack, user: str) -> None:
    run = next(run for run in reversed(stack.runs()) if run["startTime"])
    query = """subscription($id: ID!) { pipelineRunLogs(runId: $id) { __typename
        ... on PipelineRunLogsSubscriptionSuccess { messages { ... on MessageEvent { message } } } } }"""
    with websocket(stack, user, f"http://127.0.0.1:{stack.port}") as socket_:
        assert socket_.subprotocol == "graphql-ws"
        socket_.send(json.dumps({"type": "connection_init", "payload": {}}))
        start = {"query": query, "variables": {"id": run["runId"]}}
        socket_.send(json.dumps({"id": "1", "type": "start", "payload": start}))
        while (message := json.loads(socket_.recv(timeout=20)))["type"] != "data":
            assert message["type"] in ("connection_ack", "ka"), message
    found = message["payload"]["data"]["pipelineRunLogs"]
    assert found["__typename"] == "PipelineRunLogsSubscriptionSuccess"
    assert found["messages"]


# -- requests that other sites make with a browser's sign-in


def foreign_origins(stack: Stack) -> list[str]:
    return [
        "http://evil.example",
        f"http://evil.example:{stack.port}",
        f"http://127.0.0.1:{stack.port + 1}",
        "http://127.0.0.1",
        f"http://localhost:{stack.port}",
        f"http://127.0.0.1:{stack.port}.evil.example",
        f"file://127.0.0.1:{stack.port}",
        "null",
    ]


def ask(stack: Stack, headers: Mapping[str, str], user: str = "operator") -> Answer:
    return stack.request("/graphql", user, method="POST", data=CHEAP_QUERY, headers={**JSON, **headers})


def test_posts_of_other_sites_are_refused(stack: Stack) -> None:
    for origin in foreign_origins(stack):
        answer = ask(stack, {"Origin": origin})
        assert answer.status == 403, origin
        assert answer.body == b"Refused: this request comes from another site."
        assert ask(stack, {"Origin": origin, "Content-Type": "text/plain"}).status == 403
        for method in ("PUT", "DELETE", "PATCH"):
            assert stack.request("/", method=method, headers={"Origin": origin}).status == 403
    assert ask(stack, {"Sec-Fetch-Site": "cross-site"}).status == 403


def test_posts_of_the_ui_itself_are_not(stack: Stack) -> None:
    own = f"http://127.0.0.1:{stack.port}"
    for headers in ({}, {"Origin": own}, {"Origin": own, "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        assert ask(stack, headers).json() == {"data": {"version": _version(stack)}}


def test_another_name_for_this_machine_works_by_that_name(stack: Stack) -> None:
    host = f"localhost:{stack.port}"
    assert ask(stack, {"Host": host, "Origin": f"http://{host}"}).status == 200


def test_websockets_of_other_sites_are_refused(stack: Stack) -> None:
    for origin in foreign_origins(stack):
        with pytest.raises(InvalidStatus) as refused:
            websocket(stack, "operator", origin)
        assert refused.value.response.status_code == 403, origin


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "path",
    [
        "/graphql?query={0}",
        "/graphql?x=1&query={0}",
        "/graphql?%71uery={0}",
        "/%67raphql?query={0}",
        # What the proxy cannot read in a query, the webserver may.
        "/graphql?query={0}&x=;",
        "/graphql?query={0}&x=%zz",
        # A line break at the end of a path is none to the webserver.
        "/graphql%0a?query={0}",
        "/GRAPHQL?query={0}",
    ],
)
def test_no_query_by_get_for_it_could_be_a_mutation_behind_a_link(stack: Stack, method: str, path: str) -> None:
    mutation = quote(f'mutation {{ terminateRun(runId: "{RUN}") {{ __typename }} }}')
    answer = stack.request(path.format(mutation), method=method)
    assert answer.status == 403
    assert b"__typename" not in answer.body


def test_a_request_that_is_two(stack: Stack) -> None:
    """Smuggling: what lies behind the first request is a second one, which needs its own sign-in."""
    signed = base64.b64encode(f"viewer:{stack.password('viewer')}".encode()).decode()
    inner = b"GET /server_info HTTP/1.1\r\nHost: webserver:3000\r\nConnection: close\r\n\r\n"
    outer = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{stack.port}\r\nAuthorization: Basic {signed}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(inner)}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", stack.port), timeout=15) as connection:
        connection.sendall(outer + inner)
        connection.settimeout(5)
        answer = b""
        try:
            while chunk := connection.recv(65536):
                answer += chunk
        except TimeoutError:
            pass
    assert b"dagster_webserver_version" not in answer


# -- ways past the proxy


def test_one_port_is_published_on_this_machine_alone(stack: Stack) -> None:
    label = f"label=com.docker.compose.project={stack.project}"
    ids = docker("ps", "--quiet", "--filter", label).split()
    ids += [each["Id"] for each in stack.run_containers()]
    published = []
    for container in json.loads(docker("inspect", *ids)):
        assert container["HostConfig"]["NetworkMode"] != "host"
        assert not container["HostConfig"]["PublishAllPorts"]
        bindings = container["HostConfig"]["PortBindings"] or {}
        published += [binding for each in bindings.values() for binding in each or []]
    assert published == [{"HostIp": "127.0.0.1", "HostPort": str(stack.port)}]


# -- reports


def report(stack: Stack) -> str:
    """The path of a weekly report, as the UI links to it."""
    query = """{ assetNodeOrError(assetKey: {path: ["gold", "weekly_sales_report"]}) { ... on AssetNode {
        assetMaterializations(limit: 5) { metadataEntries { __typename ... on UrlMetadataEntry { url } } } } } }"""

    def urls() -> list[str]:
        found = stack.graphql(query)["assetNodeOrError"]["assetMaterializations"]
        entries = [entry for each in found for entry in each["metadataEntries"]]
        return [str(entry["url"]) for entry in entries if entry["__typename"] == "UrlMetadataEntry"]

    wait_for(lambda: bool(urls()), 180, "no weekly report was published")
    return urls()[0]


def test_reports_open_for_whoever_has_signed_in(stack: Stack) -> None:
    url = report(stack)
    assert url.startswith("/reports/gold/_files/weekly_sales_report/week=")
    for user in ("operator", "viewer"):
        answer = stack.request(url, user)
        assert answer.status == 200
        assert b"<html" in answer.body
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("sandbox allow-scripts allow-popups; default-src 'none';")
        assert "allow-same-origin" not in policy
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert stack.request(url, None).status == 401
    assert stack.request(url, "operator", method="DELETE").status == 405


@pytest.mark.parametrize(
    "path",
    [
        "gold/_files/weekly_sales_report/week=1999-01-04/report.html",
        "gold/_files/../daily_revenue/x.html",
        "gold/_files/%2e%2e/%2e%2e/x.html",
        "gold/_files/..%2f..%2f..%2fetc%2fpasswd.html",
        "../../etc/passwd",
        "gold/daily_revenue/day=2026-01-01/data.parquet",
        "_rejected/gold/x.html",
        "",
    ],
)
def test_nothing_but_reports_is_served(stack: Stack, path: str) -> None:
    answer = stack.request(f"/reports/{path}")
    assert answer.status == 404 or (".." in path and b"<!DOCTYPE html>" in answer.body), answer.status
    assert b"root:" not in answer.body


@pytest.mark.parametrize(
    "path", ["..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd/out", "x/../../etc/passwd"]
)
def test_logs_are_no_way_to_files(stack: Stack, path: str) -> None:
    answer = stack.request(f"/logs/{path}")
    assert answer.status >= 400
    assert b"root:" not in answer.body


def _version(stack: Stack) -> str:
    return str(stack.request("/server_info").json()["dagster_version"])
