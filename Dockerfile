# One file, an image each for the platform and every code location. Layers go from what changes seldom to what changes
# often: a change of code reinstalls nothing, and the images share the layers with the big libraries, on disk and in the
# page cache.
#
#   docker build --target control|ingestion|transformation|reporting|shop .

ARG PYTHON_IMAGE=python:3.13-slim-trixie

FROM ${PYTHON_IMAGE} AS base
# The number is what counts: volumes and tmpfs belong to it. A name, because some libraries ask who they are.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin slipway \
 && python -m venv --without-pip /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PIP_CACHE_DIR=/var/cache/pip \
    # Dozens of threads, each with an arena of its own, would hold twice the memory.
    MALLOC_ARENA_MAX=2
WORKDIR /app

# What all but the shop import.
FROM base AS stack
COPY requirements/stack.txt requirements/
RUN --mount=type=cache,target=/var/cache/pip \
    /usr/local/bin/python -m pip --python /opt/venv/bin/python install --require-hashes --no-deps -r requirements/stack.txt

# One stage an image: its own libraries first, then the code, compiled.
FROM stack AS ingestion-libraries
COPY requirements/ingestion.txt requirements/
RUN --mount=type=cache,target=/var/cache/pip \
    /usr/local/bin/python -m pip --python /opt/venv/bin/python install --require-hashes --no-deps -r requirements/ingestion.txt

FROM stack AS transformation-libraries
COPY requirements/transformation.txt requirements/
RUN --mount=type=cache,target=/var/cache/pip \
    /usr/local/bin/python -m pip --python /opt/venv/bin/python install --require-hashes --no-deps -r requirements/transformation.txt

FROM stack AS reporting-libraries
COPY requirements/reporting.txt requirements/
RUN --mount=type=cache,target=/var/cache/pip \
    /usr/local/bin/python -m pip --python /opt/venv/bin/python install --require-hashes --no-deps -r requirements/reporting.txt

FROM stack AS control-libraries
COPY requirements/control.txt requirements/
RUN --mount=type=cache,target=/var/cache/pip \
    /usr/local/bin/python -m pip --python /opt/venv/bin/python install --require-hashes --no-deps -r requirements/control.txt

FROM base AS shop-libraries
COPY requirements/shop.txt requirements/
RUN --mount=type=cache,target=/var/cache/pip \
    /usr/local/bin/python -m pip --python /opt/venv/bin/python install --require-hashes --no-deps -r requirements/shop.txt

FROM ingestion-libraries AS ingestion
COPY slipway slipway
COPY code_locations/contracts code_locations/contracts
COPY code_locations/ingestion code_locations/ingestion
ENV PYTHONPATH=/app:/app/code_locations/contracts/src:/app/code_locations/ingestion/src
RUN python -m compileall -q --invalidation-mode unchecked-hash slipway code_locations
USER 10001:10001
CMD ["python", "-m", "slipway.location.serve", "ingestion"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL slipway.location=ingestion \
      org.opencontainers.image.title="Slipway: code location ingestion" \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION}

FROM transformation-libraries AS transformation
COPY slipway slipway
COPY code_locations/contracts code_locations/contracts
COPY code_locations/transformation code_locations/transformation
ENV PYTHONPATH=/app:/app/code_locations/contracts/src:/app/code_locations/transformation/src
RUN python -m compileall -q --invalidation-mode unchecked-hash slipway code_locations
USER 10001:10001
CMD ["python", "-m", "slipway.location.serve", "transformation"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL slipway.location=transformation \
      org.opencontainers.image.title="Slipway: code location transformation" \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION}

FROM reporting-libraries AS reporting
COPY slipway slipway
COPY code_locations/contracts code_locations/contracts
COPY code_locations/reporting code_locations/reporting
ENV PYTHONPATH=/app:/app/code_locations/contracts/src:/app/code_locations/reporting/src
RUN python -m compileall -q --invalidation-mode unchecked-hash slipway code_locations
USER 10001:10001
CMD ["python", "-m", "slipway.location.serve", "reporting"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL slipway.location=reporting \
      org.opencontainers.image.title="Slipway: code location reporting" \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION}

FROM shop-libraries AS shop
COPY demo demo
RUN python -m compileall -q --invalidation-mode unchecked-hash demo \
 && install -d -o slipway -g slipway /var/lib/shop
USER 10001:10001
ENV PYTHONPATH=/app
CMD ["python", "-m", "demo", "live"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Slipway: the demo shop" \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION}

# The platform itself: webserver, viewer, daemon, steward, docker-api, init. Last, so that it is what a build without a
# target makes.
FROM control-libraries AS control
# A new volume takes owner and mode of the folder that it is mounted over: this is how volumes come to belong to the
# users that write to them, without anything running as root.
RUN install -d -o slipway -g slipway -m 0755 /opt/dagster/home \
 && for name in init postgres objectstore ingestion transformation reporting webserver daemon steward proxy shop; do \
      install -d -o slipway -g slipway -m 0755 /secrets/$name; done \
 && install -d -o slipway -g slipway -m 0755 /volumes/objectstore /volumes/proxy /run/objectstore-admin \
 && install -d -m 1777 /volumes/postgres
COPY slipway slipway
COPY dagster.yaml deploy/compose/workspace.yaml /opt/dagster/home/
ENV PYTHONPATH=/app DAGSTER_HOME=/opt/dagster/home
RUN python -m compileall -q --invalidation-mode unchecked-hash slipway
USER 10001:10001
CMD ["python", "-m", "slipway", "--help"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Slipway: control" \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION}
