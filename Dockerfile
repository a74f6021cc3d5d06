# panhuo in a container: two stages, no compiler and no root in the second.
FROM python:3.12-slim-bookworm AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY embeddings ./embeddings
COPY matcher ./matcher
COPY eval ./eval
COPY service ./service
RUN python -m venv /opt/panhuo \
 && /opt/panhuo/bin/pip install --constraint constraints.txt '.[otel]' \
 && /opt/panhuo/bin/python -m compileall -q /opt/panhuo

FROM python:3.12-slim-bookworm
# Without --no-create-home a user without a home would get one in the image.
RUN groupadd --system --gid 10001 panhuo \
 && useradd --system --uid 10001 --gid panhuo --no-create-home --shell /usr/sbin/nologin panhuo \
 && install -d -o panhuo -g panhuo -m 0700 /var/lib/panhuo
COPY --from=build /opt/panhuo /opt/panhuo
# The root is read-only at work: compiled code of numba and files under way go to /tmp.
ENV PATH=/opt/panhuo/bin:$PATH \
    PANHUO_HOME=/var/lib/panhuo \
    PANHUO_LOG_FORMAT=json \
    NUMBA_CACHE_DIR=/tmp/panhuo-numba \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /var/lib/panhuo
VOLUME /var/lib/panhuo
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s --retries=4 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["panhuo"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000", "--workers", "2"]
