# One image; the command decides the role. deploy/compose.yaml shows all of them together.
#   kaireon api                                          the REST API (the default)
#   dagster code-server start -m kaireon_orch.definitions -a defs --location-name kaireon_orch -h 0.0.0.0 -p 4000
#   dagster-webserver -w /opt/kaireon/dagster/workspace.yaml -h 0.0.0.0 -p 3000
#   dagster-daemon run -w /opt/kaireon/dagster/workspace.yaml
FROM python:3.13-slim-bookworm AS build
WORKDIR /build
COPY requirements/installer.lock requirements/image.lock requirements/
RUN python -m venv /opt/kaireon/venv \
    && python -m venv /opt/installer \
    && /opt/installer/bin/python -m pip install --quiet --no-cache-dir --require-hashes -r requirements/installer.lock \
    && /opt/installer/bin/uv pip install --quiet --no-cache --python /opt/kaireon/venv/bin/python --compile-bytecode \
        --require-hashes -r requirements/image.lock
COPY pyproject.toml README.md LICENSE CHANGELOG.md dagster.yaml workspace.yaml ./
COPY kaireon_orch kaireon_orch
COPY api api
COPY kaireon_orch_tests kaireon_orch_tests
RUN /opt/installer/bin/uv pip install --quiet --no-cache --python /opt/kaireon/venv/bin/python --compile-bytecode \
    --no-deps .

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/kaireon --create-home --shell /usr/sbin/nologin kaireon \
    && install -d -o kaireon -g kaireon -m 0700 /var/lib/kaireon /var/lib/kaireon/dagster
COPY --from=build /opt/kaireon/venv /opt/kaireon/venv
COPY workspace.yaml deploy/dagster.yaml /opt/kaireon/dagster/
ENV PATH=/opt/kaireon/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    KAIREON_HOME=/var/lib/kaireon \
    KAIREON_API_HOST=0.0.0.0 \
    KAIREON_API_PORT=8000 \
    DAGSTER_HOME=/opt/kaireon/dagster \
    DAGSTER_DISABLE_TELEMETRY=yes
USER 10001
WORKDIR /var/lib/kaireon
VOLUME ["/var/lib/kaireon"]
EXPOSE 8000 3000 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['KAIREON_API_PORT'] + '/readyz', timeout=4)"]
CMD ["kaireon", "api"]
