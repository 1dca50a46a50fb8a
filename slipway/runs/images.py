"""The image of a run, fixed when the run is submitted: a tag that is built anew changes no queued run."""

from __future__ import annotations

from slipway.runs.docker_edge import Engine


class ImageMissing(Exception):
    """The engine does not have an image; the message says which, and what to do."""


def resolve_image(engine: Engine, image: str) -> str:
    """The id, `sha256:...`, of the image that a name means now.

    Raises:
        ImageMissing: the engine does not have it. It is not pulled: a run would wait for that, or get another image
            than its code server has.
        EngineUnavailable: the engine does not answer.
    """
    found = engine.image_id(image)
    if found is None:
        raise ImageMissing(
            f"The image {image} is not on the host that runs containers. Build it (`docker compose build`) or pull it "
            f"(`docker pull {image}`), then launch the run again."
        )
    return found
