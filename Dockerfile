# syntax=docker/dockerfile:1
# The one executable in a small image. Roles are its arguments: api, worker, migrate, …
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p zephyr && cp target/release/zephyr /zephyr

FROM debian:bookworm-slim
# curl is for the health checks.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin zephyr
COPY --from=build /zephyr /usr/local/bin/zephyr
USER zephyr
ENV ZEPHYR_LISTEN=0.0.0.0:8000
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["zephyr"]
CMD ["api"]
