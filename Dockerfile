# Breakfix in an image: for `breakfix check` in a pipeline that has an engine and no Rust.
#
#   docker build -t breakfix .
#   docker run --rm --network host -v /var/run/docker.sock:/var/run/docker.sock \
#     --group-add "$(stat -c %g /var/run/docker.sock)" -v "$PWD:/work:ro" breakfix check DIR...
#
# The engine is the one of the host: stacks are started beside this container, not in it. Their ports are bound to the host's loopback,
# hence the host's network. Whoever holds the engine's socket is root on its host: SECURITY.md.
#
# The first base has to hold Rust and a linker, the second one a libc that is not older than the first one's.
ARG BUILD_BASE=rust:1-slim-trixie
ARG RUN_BASE=debian:trixie-slim

FROM ${BUILD_BASE} AS build
WORKDIR /src
COPY . .
# `dist` is the smallest; `release` takes half the time.
ARG PROFILE=dist
RUN cargo build --locked --profile "$PROFILE" && cp "target/$PROFILE/breakfix" /breakfix

FROM ${RUN_BASE}
COPY --from=build /breakfix /usr/local/bin/breakfix
COPY LICENSE-APACHE LICENSE-MIT NOTICE /usr/share/doc/breakfix/
# Nobody: the socket is reached by its group. No files of its own are kept.
USER 65534:65534
ENV HOME=/tmp
WORKDIR /work
ENTRYPOINT ["breakfix"]
CMD ["check", "."]
