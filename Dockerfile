# The image of Tributary: the program and what it loads, nothing else. docs/image.md says what is in it.
#
#   docker build --build-arg REVISION="$(git rev-parse HEAD)" --tag tributary:0.1.0 .
#
# For a release pin the base by digest: --build-arg BASE=debian@sha256:…
ARG BASE=debian:trixie-20251117-slim
FROM ${BASE} AS build
WORKDIR /src

# The packages first: they change less often than the program. scripts/install-deps looks at the other two files.
COPY scripts/ scripts/
COPY tests/kafka/pom.xml tests/kafka/
COPY tests/system/requirements.txt tests/system/
RUN scripts/install-deps build rootfs

COPY CMakeLists.txt CMakePresets.json LICENSE README.md CHANGELOG.md ./
COPY cmake/ cmake/
COPY third_party/ third_party/
COPY packaging/ packaging/
COPY sql/ sql/
COPY sidecar/ sidecar/
RUN cmake --preset release -DTRIBUTARY_TESTS=OFF -DTRIBUTARY_BENCH=OFF \
    && cmake --build --preset release --target tributary \
    && packaging/rootfs build/release/tributary /rootfs

# scripts/image reads what is below too, so that the image is the same with and without Docker.
FROM scratch
COPY --from=build /rootfs/base/ /
COPY --from=build /rootfs/program/ /
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Tributary" \
      org.opencontainers.image.description="Joins conversions to the clicks that led to them, exactly once, beside Kafka" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
USER 65532:65532
EXPOSE 9469
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/bin/tributary", "health"]
ENTRYPOINT ["/usr/bin/tributary"]
CMD ["run", "--listen", ":9469", "/etc/tributary/pipeline.yaml"]
