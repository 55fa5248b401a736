# syntax=docker/dockerfile:1
# Two images, each a few static programs on an empty file system: refundflow (worker and starter) and sandbox (the
# stand-ins, and the shop that makes accounts and orders at them).
#
#   docker build -t refundflow:v1.4.0 --build-arg VERSION=v1.4.0 .
#   docker build -t refundflow-sandbox:v1.4.0 --target sandbox .

FROM --platform=$BUILDPLATFORM golang:1.26.8-alpine3.23 AS source
WORKDIR /src
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-trimpath GOMODCACHE=/cache/modules GOCACHE=/cache/build
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/cache/modules go mod download
COPY . .

FROM source AS programs
ARG TARGETOS TARGETARCH VERSION=dev
RUN --mount=type=cache,target=/cache/modules --mount=type=cache,target=/cache/build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -ldflags "-s -w -X main.version=$VERSION" -o /out/ ./worker ./starter

FROM source AS stand-ins
ARG TARGETOS TARGETARCH
# The shop belongs to the development server's module; of its dependencies only the few that it imports are fetched.
RUN --mount=type=cache,target=/cache/modules --mount=type=cache,target=/cache/build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -ldflags "-s -w" -o /out/ ./sandbox/cmd/sandbox && \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go -C devserver build -ldflags "-s -w" -o /out/ ./shop

# Nothing but the authorities that the platforms' certificates are checked by; time zones are in the programs.
FROM scratch AS empty
COPY --from=source /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
USER 65532:65532
WORKDIR /

FROM empty AS sandbox
LABEL org.opencontainers.image.title="refundflow sandbox" \
      org.opencontainers.image.description="Stand-ins for Baidu, WeChat Pay, Alibaba xlife and Shengpay, to test refunds against"
COPY --from=stand-ins /out/ /
ENTRYPOINT ["/sandbox"]

FROM empty AS refundflow
ARG VERSION=dev
LABEL org.opencontainers.image.title="refundflow" \
      org.opencontainers.image.description="Gives money back through Chinese payment platforms, each refund one durable Temporal workflow" \
      org.opencontainers.image.version="$VERSION"
COPY --from=programs /out/ /
EXPOSE 8088 8089 9464
ENTRYPOINT ["/worker"]
