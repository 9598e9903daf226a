# The operator's image: the static manager binary on an empty, non-root base.
#   docker build -t <registry>/phone-operator:<tag> --build-arg VERSION=<tag> .
FROM --platform=$BUILDPLATFORM golang:1.26 AS builder
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src

# The modules by themselves, so that a change of code alone does not fetch them again.
COPY go.mod go.sum ./
RUN go mod download

COPY . .
# The git history, which tells the version elsewhere, is not in the build context.
ARG VERSION
RUN CGO_ENABLED=0 GOOS=${TARGETOS:-linux} GOARCH=${TARGETARCH} \
    go build -trimpath -ldflags="-s -w -X github.com/entraops/phone-operator/internal/version.release=${VERSION}" -o /manager .

FROM gcr.io/distroless/static:nonroot
COPY --from=builder /manager /manager
USER 65532:65532
ENTRYPOINT ["/manager"]
