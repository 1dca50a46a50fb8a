"""Customer feedback from the shop's API: one call brings users, posts and comments."""

import polars as pl

from contracts.calendar import days
from slipway.calendar import next_morning
from slipway.quality import Table, column
from slipway.quality.types import Int32, Int64, Text, Timestamp


class Users(Table):
    """Who wrote feedback on a day."""

    key, partitions, owner, due = "bronze/users", days, "team:ingestion", next_morning(6)
    unique = ("id",)
    measures = {"users": pl.len()}
    kinds = {"api", "parquet"}

    id: Int64
    name: Text | None = column(personal="as in the source")
    email: Text | None = column(personal="as in the source")
    city: Text | None


class Posts(Table):
    """Feedback on a product."""

    key, partitions, owner, due = "bronze/posts", days, "team:ingestion", next_morning(6)
    unique = ("id",)
    measures = {"posts": pl.len(), "average_rating": pl.col("rating").mean()}
    kinds = {"api", "parquet"}

    id: Int64
    user_id: Int64
    title: Text
    body: Text = column(personal="free text")
    sku: Text
    rating: Int32 = column(ge=1, le=5, unit="stars")
    created_at: Timestamp


class Comments(Table):
    """Answers to feedback."""

    key, partitions, owner, due = "bronze/comments", days, "team:ingestion", next_morning(6)
    unique = ("id",)
    measures = {"comments": pl.len()}
    kinds = {"api", "parquet"}

    id: Int64
    post_id: Int64
    user_id: Int64
    body: Text = column(personal="free text")
    created_at: Timestamp
