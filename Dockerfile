# Any Python >= 3.11 on Debian will do, for example an office registry's own copy. No BuildKit feature is used.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
COPY pyproject.toml README.md daemon.py ./
COPY monitor ./monitor
COPY adapters ./adapters
COPY rules ./rules
COPY demo ./demo
RUN python -m venv /opt/zhengwu \
    && /opt/zhengwu/bin/pip install --no-cache-dir . \
    && /opt/zhengwu/bin/pip uninstall --yes pip setuptools

FROM ${PYTHON_IMAGE}
# An engine kills 10 s after it asked for the end. Where the database hangs a stop takes a quarter more than STOP_SECONDS, 2 s to find that
# nothing can be given back, and a moment for the end itself.
ENV PATH=/opt/zhengwu/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ZHENGWU_SETTINGS=/app/settings.toml \
    ZHENGWU_MONGO__DATA_DIRECTORY=/data/mongo \
    ZHENGWU_POLL__STOP_SECONDS=5
COPY --from=build /opt/zhengwu /opt/zhengwu
WORKDIR /app
COPY daemon.py settings.toml ./
# A copied file keeps its mode, and a checkout under a strict umask is readable by its owner only.
RUN chmod a+r daemon.py settings.toml && mkdir /data && chown 10001:10001 /data
# Numeric, so that an orchestrator can see that it is not root.
USER 10001:10001
VOLUME /data
EXPOSE 8780
STOPSIGNAL SIGTERM
# A proxy in the environment must not come between the check and the daemon.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["python", "-c", "import urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:8780/healthz', timeout=4)"]
# Exec form: no shell between the daemon and SIGTERM.
ENTRYPOINT ["python", "daemon.py"]
CMD ["run"]
