# The image of Connect: app, worker-sidecar and media workers in one container, under supervisord.
#
# What it does is what `make run` does: scripts/setup.sh gets all that is needed, through apt, pip and npm.
# docker-compose.yml runs it together with PostgreSQL and Redis.

ARG DEBIAN=debian:trixie-slim


FROM ${DEBIAN} AS build

ENV XDG_CACHE_HOME=/srv/connect/cache
WORKDIR /srv/connect
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 python3-venv nodejs npm

# First what seldom changes and takes longest: the worker may have to be built.
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY app/__init__.py app/
COPY scripts scripts
COPY worker-sidecar worker-sidecar
RUN scripts/setup.sh worker

COPY . .
RUN scripts/setup.sh run \
    && npm --prefix worker-sidecar prune --omit=dev --ignore-scripts --no-audit --no-fund \
    && scripts/worker-libraries.sh >worker-libraries


FROM ${DEBIAN}

WORKDIR /srv/connect
COPY --from=build /srv/connect/worker-libraries .
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 nodejs $(cat worker-libraries) \
    && rm -rf /var/lib/apt/lists/*

# It may write nothing but var/: the embedded database, keys, sockets.
RUN useradd --uid 10001 --no-create-home --home-dir /srv/connect --shell /usr/sbin/nologin connect \
    && install -d -o connect -g connect var var/log \
    && install -d -o connect -g connect -m 0700 var/run

COPY --from=build /srv/connect/cache cache
COPY --from=build /srv/connect/.venv .venv
COPY --from=build /srv/connect/worker-sidecar worker-sidecar
COPY --from=build /srv/connect/web/dist web/dist
COPY alembic.ini supervisord.conf ./
COPY migrations migrations
COPY app app

# In a container the outside is behind ports that were published on purpose.
ENV XDG_CACHE_HOME=/srv/connect/cache \
    PYTHONDONTWRITEBYTECODE=1 \
    CONNECT_HOST=0.0.0.0 \
    CONNECT_PORT=3000 \
    CONNECT_LOG_FORMAT=json

USER connect
VOLUME /srv/connect/var
EXPOSE 3000/tcp

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD [".venv/bin/python", "-IS", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:3000/health/ready', timeout=4)"]

# supervisord opens its standard output by name, which only the owner of that pipe may: so it gets one of its own.
CMD ["bash", "-c", "exec .venv/bin/supervisord -n -c supervisord.conf > >(exec cat)"]
