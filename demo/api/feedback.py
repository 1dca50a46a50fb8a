"""One day of customer feedback: posts about products, comments on them, and who wrote. Pure.

All of it is made up. It depends on the seed, the day and the shop's products alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from demo.api.feedback_phrases import BODIES, COMMENTS, TITLES
from demo.chance import Draws
from demo.database.customers import Customer, initial_customers
from demo.wholesale.catalogue import Product

Row = dict[str, Any]

_RATINGS, _RATING_WEIGHTS = (1, 2, 3, 4, 5), (6, 15, 32, 63, 100)
_MIDNIGHT = 24 * 3600 - 1


class Feedback:
    """Feedback by day for one shop. Its writers are the shop's first customers."""

    def __init__(self, seed: int, products: Sequence[Product]) -> None:
        self._seed = seed
        self._products = products
        # Names and addresses depend on the seed alone; only sign-up days need a calendar.
        self._customers = initial_customers(seed, date(2000, 1, 1))

    def of(self, day: date) -> dict[str, list[Row]]:
        """`users`, `posts` and `comments` of a day; ids are unique over all days.

        20 to 60 posts, up to three comments each, on the same day and later than the post.
        """
        draws = Draws(self._seed, "feedback", day)
        writers: dict[int, Customer] = {}
        posts, comments = [], []
        first_id = day.toordinal() * 1000
        moments = sorted(draws.whole(7 * 3600, 22 * 3600) for _ in range(draws.whole(20, 60)))
        for post_id, second in enumerate(moments, first_id + 1):
            posts.append(self._post(draws, post_id, _moment(day, second), writers))
            for later in sorted(draws.whole(second + 1, _MIDNIGHT) for _ in range(_replies(draws))):
                at = _moment(day, later)
                comments.append(self._comment(draws, post_id, at, writers))
        comments.sort(key=lambda comment: (comment["created_at"], comment["post_id"]))
        numbered = [{"id": comment_id, **comment} for comment_id, comment in enumerate(comments, first_id + 1)]
        return {"users": list(_users(writers)), "posts": posts, "comments": numbered}

    def _writer(self, draws: Draws, writers: dict[int, Customer]) -> int:
        writer = draws.pick(self._customers)
        writers[writer.customer_id] = writer
        return writer.customer_id

    def _post(self, draws: Draws, post_id: int, created_at: str, writers: dict[int, Customer]) -> Row:
        product = draws.pick(self._products)
        rating = draws.weighted(_RATINGS, _RATING_WEIGHTS)
        return {
            "id": post_id,
            "user_id": self._writer(draws, writers),
            "title": draws.pick(TITLES[rating]),
            "body": draws.pick(BODIES[rating]).format(product=product.description.lower()),
            "sku": product.sku,
            "rating": rating,
            "created_at": created_at,
        }

    def _comment(self, draws: Draws, post_id: int, created_at: str, writers: dict[int, Customer]) -> Row:
        return {
            "post_id": post_id,
            "user_id": self._writer(draws, writers),
            "body": draws.pick(COMMENTS),
            "created_at": created_at,
        }


def _replies(draws: Draws) -> int:
    return draws.pick((0, 0, 1, 1, 2, 3))


def _moment(day: date, second: int) -> str:
    return (datetime.combine(day, time()) + timedelta(seconds=second)).isoformat()


def _users(writers: dict[int, Customer]) -> Iterator[Row]:
    for _, writer in sorted(writers.items()):
        yield {
            "id": writer.customer_id,
            "name": writer.name,
            "email": writer.email,
            "city": writer.city,
            "country": writer.country,
        }
