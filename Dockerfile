FROM python:3.13-slim

# PYTHONTZPATH: empty, so that the rules of time zones are those pinned in requirements.txt, not the image's.
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONTZPATH="" \
    TZ=UTC \
    DATABASE_URL=sqlite:////data/kith.db

WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --only-binary=:all: --require-hashes -r requirements.txt

COPY pyproject.toml ./
COPY bot bot
COPY cogs cogs
COPY migrations migrations
COPY prompts prompts
RUN python -m compileall -q bot cogs migrations \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin kith \
    && install --directory --owner=kith --group=kith --mode=0700 /data

USER kith
VOLUME /data

# No HEALTHCHECK: Kith listens on no port, and a process that ends is seen without one.
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
