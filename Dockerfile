# mockscribe: one port for TLS, HTTP/2 and HTTP/1.1 (8080), one for the control API (8081).
#
#   docker run --rm -p 8080:8080 -p 8081:8081 mockscribe
#
# Works on a read-only root file system without any tmpfs. The CA is made at start; to keep it, mount a volume on /cache.

FROM python:3.13-slim AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev
COPY pyproject.toml README.md LICENSE /src/
COPY mockscribe /src/mockscribe
# Compiled are our own hot modules; all others are wheels, on any architecture. pip stays behind, and the compiler, and of
# botocore's models all but S3's.
RUN python3 -m venv --without-pip /opt/mockscribe \
 && HATCH_BUILD_HOOKS_ENABLE=1 python3 -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /src \
 && python3 -m pip --python /opt/mockscribe/bin/python3 install --no-cache-dir --only-binary :all: "$(ls /wheels/*.whl)[s3]" \
 && find /opt/mockscribe/lib -path '*/botocore/data/*' -type d ! -path '*/data/s3*' ! -path '*/data/sts*' -prune -exec rm -r {} +

FROM python:3.13-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="mockscribe" \
      org.opencontainers.image.description="A local, wire-compatible mock of Amazon Connect Health's ambient documentation (health-agent), for tests." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# A new volume takes the owner that its place has here: the CA can be kept on it.
RUN install -d -o 65532 -g 65532 /cache
COPY --from=build /opt/mockscribe /opt/mockscribe
ENV PATH=/opt/mockscribe/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    XDG_CACHE_HOME=/cache \
    MOCKSCRIBE_HOST=0.0.0.0
USER 65532:65532
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --start-interval=500ms --retries=3 \
  CMD ["mockscribe", "healthcheck"]
ENTRYPOINT ["mockscribe"]
CMD ["serve"]
