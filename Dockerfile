# The server in one image: docker build -t smriti . && docker run -p 8000:8000 -v smriti:/data …
# (the settings that production needs are in .env.example; at least JWT_SECRET, ENCRYPTION_KEY and a
# sign-in method).

FROM python:3.13-slim AS builder
RUN pip install --no-cache-dir uv==0.13.8
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never \
    UV_PROJECT_ENVIRONMENT=/opt/smriti
WORKDIR /build
# There is no lock file: the pins in pyproject.toml decide every version. The dependencies are a layer
# of their own, which changes of the source leave as it is.
COPY pyproject.toml ./
RUN uv sync --no-dev --no-install-project
COPY README.md LICENSE pricing_config.json ./
COPY src ./src
RUN uv sync --no-dev --no-editable

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home smriti \
    && install --directory --owner=smriti --group=smriti /data
COPY --from=builder /opt/smriti /opt/smriti
ENV PATH=/opt/smriti/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ENVIRONMENT=production LOG_FORMAT=json SMRITI_DATA_DIR=/data
USER smriti
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["smriti", "serve", "--host", "0.0.0.0"]
