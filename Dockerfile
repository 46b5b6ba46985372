# Both images of the product: `--target operator` and `--target bot`.
#
# They hold the program, glibc and the certificate authorities, and nothing else: no shell, no package manager.
# glibc, because musl's resolver asks for all addresses at once and gives up early, which is one of the ways for a
# pod not to find Slack.

ARG RUST_IMAGE=rust:1.95-slim-bookworm

# A builder that has compiled already replaces this stage: `--build-context build=DIR`, DIR holding out/ as below.
FROM ${RUST_IMAGE} AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package chatops-operator --package chatops-bot \
    && mkdir -p /out \
    && cp target/release/chatops-operator target/release/chatops-bot /out/ \
    && e2e/images/rootfs.sh /out/chatops-operator /out/chatops-bot /out/rootfs

FROM scratch AS operator
COPY --from=build /out/rootfs /
COPY --from=build /out/chatops-operator /usr/bin/chatops-operator
USER 65532:65532
ENTRYPOINT ["/usr/bin/chatops-operator"]
LABEL org.opencontainers.image.title="chatops-operator" \
      org.opencontainers.image.description="Runs ChatOps bots on Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0"

FROM scratch AS bot
COPY --from=build /out/rootfs /
COPY --from=build /out/chatops-bot /usr/bin/chatops-bot
USER 65532:65532
ENTRYPOINT ["/usr/bin/chatops-bot"]
LABEL org.opencontainers.image.title="chatops-bot" \
      org.opencontainers.image.description="A ChatOps bot that the ChatOps operator runs" \
      org.opencontainers.image.licenses="Apache-2.0"
