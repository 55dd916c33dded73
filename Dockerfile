# One image for every role of a trust domain: an authority, an operator, a demo.
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p pli

FROM debian:bookworm-slim
RUN useradd --system --home-dir /srv/pli --create-home pli \
    && install -d -o pli -g pli /srv/pli/authority /srv/pli/trust /srv/pli/hospital /srv/pli/practice /srv/pli/citizens
COPY --from=build /src/target/release/pli /usr/local/bin/pli
WORKDIR /srv/pli
USER pli
ENTRYPOINT ["pli"]
