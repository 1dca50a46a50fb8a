"""Services outside the stack, by how far one gets to them."""

from __future__ import annotations

import pytest

from slipway.doctor.finding import Level
from slipway.doctor.outside import Reached, judge_reached, store_address
from tests.unit.doctor.stack import is_problem, variables


def judge(host: str, reached: Reached):
    return judge_reached("postgres", host, 5432, "SLIPWAY_PG_HOST", reached)


def test_it_answers() -> None:
    assert judge("db.example.com", Reached()).level == Level.OK


def test_its_name_does_not_resolve() -> None:
    is_problem(judge("db.example.invalid", Reached(resolves=False)), "db.example.invalid does not resolve", "PG_HOST")


def test_a_name_on_docker_s_networks_is_no_name_here() -> None:
    assert judge("otherpostgres", Reached(resolves=False)).level == Level.SKIPPED


def test_nothing_listens() -> None:
    is_problem(
        judge("db.example.com", Reached(error="connection refused")), "db.example.com:5432", "refused", "PG_HOST"
    )


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "db.localhost"])
def test_this_machine_is_not_the_container_s(host: str) -> None:
    is_problem(judge(host, Reached()), f"SLIPWAY_PG_HOST names {host}", "the container itself")


def test_where_the_store_is() -> None:
    assert store_address(variables(SLIPWAY_S3_ENDPOINT="https://s3.example.com")) == "https://s3.example.com"
    aws = variables(SLIPWAY_S3_ENDPOINT="", SLIPWAY_S3_REGION="eu-central-1")
    assert store_address(aws) == "https://s3.eu-central-1.amazonaws.com"
