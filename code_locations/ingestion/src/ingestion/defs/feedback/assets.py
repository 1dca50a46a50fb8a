"""bronze/users, bronze/posts, bronze/comments: a day's customer feedback, brought by one call of the shop's API."""

import datetime as dt

from contracts.feedback import Comments, Posts, Users
from ingestion.shop_api import Answer, ShopApi
from slipway.quality import Judged, Table, tables_asset

_LISTS: dict[type[Table], str] = {Users: "users", Posts: "posts", Comments: "comments"}


@tables_asset(Users, Posts, Comments)
def feedback(day: dt.date, shop_api: ShopApi) -> dict[type[Table], Judged]:
    """Posts and comments of the day, and who wrote them."""
    answer = shop_api.feedback(day)
    return {table: listed(answer, name, table) for table, name in _LISTS.items()}


def listed(answer: Answer, name: str, table: type[Table]) -> Judged:
    """One list of an answer as its table, in the order of its key."""
    contract = table.contract
    rows = answer.table(name, contract.arrow_schema, contract.personal)
    extra = answer.extra(name, contract.arrow_schema)
    return Judged(
        rows.sort_by([(column, "ascending") for column in contract.unique]),
        metadata={"fields not in the contract": ", ".join(extra)} if extra else {},
        source={"call": answer.call},
    )
