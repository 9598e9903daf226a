# `make` lists the targets. Each works from a fresh clone with Go, a C compiler, git and bash:
# every other tool is a Go module pinned below hack/ and built on first use.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory

TOOL := go tool -modfile=hack/tools/go.mod
# Without the checkers that it finds on some machines, so that all machines find the same.
ACTIONLINT := $(TOOL) actionlint -shellcheck= -pyflakes=
LINT := go tool -modfile=hack/tools/lint/go.mod golangci-lint
HELM := go tool -modfile=hack/tools/helm/go.mod helm
HUGO := CGO_ENABLED=0 go tool -modfile=hack/tools/hugo/go.mod hugo
PROMTOOL := go tool -modfile=hack/tools/promtool/go.mod
D2 := go tool -modfile=hack/tools/d2/go.mod

# Modules of their own: what they need would otherwise weigh on the operator's go.mod.
MODULES := . hack/devcluster hack/flux hack/graphsdk hack/plot hack/release hack/site hack/tools hack/tools/d2 hack/tools/helm hack/tools/hugo hack/tools/lint hack/tools/olm hack/tools/promtool

FUZZTIME ?= 30s
RACE     ?= -race
# Random worlds and histories are the same in each run of the tests, so that a failure
# speaks of the change under test; `make explore` looks for new ones.
RAPID_SEED ?= 1
CHECKS     ?= 20000
MINUTES    ?= 30

##@ Try it

.PHONY: demo
demo: assets ## show the whole thing working on this machine, then stop it
	go run ./hack/demo

.PHONY: run
run: assets ## the same, left running; prints the KUBECONFIG to use
	go run ./hack/demo -keep

.PHONY: bench
bench: assets microbench ## the figures of docs/figures.md on this machine, some twenty minutes; BENCH=-quick for a small run
	@mkdir -p bin/bench
	CGO_ENABLED=0 go run -trimpath ./hack/bench -series bin/bench/series.json -profiles bin/bench $(BENCH) # built as a release is, and so is the operator
	go run -C hack/plot . -series $(CURDIR)/bin/bench/series.json -to $(CURDIR)/bin/bench

.PHONY: microbench
microbench: ## single functions, COUNT (6) times, in a few minutes; BASE=<commit> compares with that one
	hack/microbench.sh $(or $(COUNT),6) $(BASE)

##@ Change it

.PHONY: check
check: lint test alerts verify test-bundle test-site ## what CI runs

.PHONY: build
build: ## the programs, into bin/
	CGO_ENABLED=0 go build -trimpath -o bin/manager .
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/...

.PHONY: generate
generate: ## deep copies, CRDs, RBAC and webhook configuration from the Go types and markers; from those the chart's, pages of docs/; the diagrams
	$(TOOL) controller-gen object crd rbac:roleName=manager-role paths=./api/... paths=./controllers/... \
		output:crd:dir=config/crd/bases output:rbac:dir=config/rbac
	$(TOOL) controller-gen webhook rbac:roleName=webhook-role paths=./internal/webhook/... \
		output:webhook:dir=config/webhook output:rbac:dir=config/webhook
	go run ./internal/metrics/document > docs/metrics.md
	go run ./hack/apiref > docs/api.md
	go run ./hack/chart
	$(MAKE) diagrams

.PHONY: diagrams
diagrams: ## docs/diagrams/*.svg from the texts beside them
	d2=$$(CGO_ENABLED=0 $(D2) -n d2); for text in $(filter-out docs/diagrams/style.d2,$(wildcard docs/diagrams/*.d2)); do \
		"$$d2" --scale=1 "$$text" - > "$${text%.d2}.svg"; done

# What only drives programs is tested without the race detector, which the programs have. What computes much is tested
# without it, as it would take eight times as long, and with it once more in short.
DRIVERS  := ./internal/e2e ./hack/demo ./hack/chaos ./config
COMPUTES := ./controllers/phonemethod ./internal/throttle ./internal/journal

.PHONY: test
test: assets ## every test, on a real API server
	@echo "test: the first run compiles Kubernetes' libraries, a few minutes" >&2
	@$(MAKE) test-programs
	@$(MAKE) -j2 test-drivers test-others # one mostly waits, the other computes

# Processor time is what the tests wait for: programs are linked without DWARF, and all of them,
# the API servers above all, collect garbage half as often.
test-programs test-drivers test-others: export GOFLAGS += -ldflags=-w
test-drivers test-others: export GOGC = 200
# The programs that several packages run are linked once.
test-drivers test-others: export PROGRAMS = $(CURDIR)/bin/test

.PHONY: test-programs
test-programs:
	go build $(RACE) -buildvcs=false -o bin/test/ . ./cmd/...

.PHONY: test-drivers
test-drivers:
	RAPID_SEED=$(RAPID_SEED) RACE=$(RACE) go test -timeout 45m $(DRIVERS) $(COMPUTES)

.PHONY: test-others
test-others:
	RAPID_SEED=$(RAPID_SEED) go test $(RACE) -short $(COMPUTES)
	RAPID_SEED=$(RAPID_SEED) go test $(RACE) -timeout 45m $$(go list ./... | grep -vxFf <(go list $(DRIVERS) $(COMPUTES)))
	go test -C hack/devcluster ./...
	go test -C hack/flux ./...
	go test -C hack/graphsdk ./...
	go test -C hack/plot ./...
	go test -C hack/release ./...

.PHONY: lint
lint: ## golangci-lint, actionlint for the workflows, helm lint, and dead code
	@echo "lint: golangci-lint; the first run builds it, a few minutes" >&2
	$(LINT) run ./...
	cd hack/devcluster && go tool -modfile=../tools/lint/go.mod golangci-lint run ./...
	cd hack/flux && go tool -modfile=../tools/lint/go.mod golangci-lint run ./...
	cd hack/graphsdk && go tool -modfile=../tools/lint/go.mod golangci-lint run ./...
	cd hack/plot && go tool -modfile=../tools/lint/go.mod golangci-lint run ./...
	cd hack/release && go tool -modfile=../tools/lint/go.mod golangci-lint run ./...
	cd hack/site && go tool -modfile=../tools/lint/go.mod golangci-lint run ./...
	cd hack/tools/olm && go tool -modfile=../lint/go.mod golangci-lint run ./...
	@echo "lint: actionlint" >&2
	$(ACTIONLINT) .github/workflows/*.yaml
	@echo "lint: helm; the first run builds it, a few minutes" >&2
	$(HELM) lint --strict --quiet charts/phone-operator
	@echo "lint: deadcode" >&2
	@dead=$$($(TOOL) deadcode -test ./...); [ -z "$$dead" ] || { echo "$$dead"; exit 1; }

.PHONY: alerts
alerts: assets ## promtool's unit tests of the alerts, and the dashboard on a real Prometheus
	@echo "alerts: promtool and Prometheus; the first run builds them, a few minutes" >&2
	PROMTOOL="$$($(PROMTOOL) -n promtool)" go test ./config -count=1 -run TestAlertsFireWhenTheyShould
	PROMETHEUS="$$($(PROMTOOL) -n prometheus)" go test ./internal/e2e -count=1 -run TestTheDashboardShowsWhatHappens

.PHONY: dashboard
dashboard: assets ## docs/figures/dashboard.svg: the panels of the dashboard, from a real Prometheus
	PANELS=$(CURDIR)/bin/panels.json PROMETHEUS="$$($(PROMTOOL) -n prometheus)" go test ./internal/e2e -count=1 -run TestTheDashboardShowsWhatHappens
	go run -C hack/plot . -panels $(CURDIR)/bin/panels.json -to $(CURDIR)/docs/figures

.PHONY: site
site: ## the documents as a site, in bin/site
	@echo "site: hugo; the first run builds it, a few minutes" >&2
	$(HUGO) --config=hack/site/hugo.toml --noBuildLock --cleanDestinationDir --panicOnWarning --quiet
	@echo "site: open bin/site/index.html" >&2

.PHONY: test-site
test-site: site ## the site: links, and in a Chromium, if there is one, search and copying
	go test -C hack/site -count=1 ./...

.PHONY: fmt
fmt: ## what lint wants of the format and can mend by itself
	$(LINT) fmt ./...

.PHONY: verify
verify: ## generated files and go.mod files are current
	hack/verify.sh $(MODULES)

.PHONY: chaos
chaos: assets ## bad times for SEED, USERS and DURATION (a new seed, 200, 5m)
	go run ./hack/chaos $(if $(SEED),-seed $(SEED)) $(if $(USERS),-users $(USERS)) $(if $(DURATION),-duration $(DURATION))

.PHONY: soak
soak: assets ## the same lives without bad times for DURATION (10m): what the operator takes of the machine, each minute
	go run ./hack/chaos -calm -duration $(or $(DURATION),10m) $(if $(SEED),-seed $(SEED)) $(if $(USERS),-users $(USERS))

.PHONY: explore
explore: ## CHECKS (20000) new random worlds for each property, and a twentieth as many new histories; SEED for the same again
	RAPID_SEED=$(or $(SEED),0) go test -count=1 -timeout 0 ./internal/plan ./internal/access ./internal/tenant -rapid.checks=$(CHECKS) -rapid.nofailfile
	RAPID_SEED=$(or $(SEED),0) go test -count=1 -timeout 0 ./controllers/phonemethod -run TestModel -rapid.checks=$$(($(CHECKS) / 20)) -rapid.nofailfile

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME (30s)
	hack/fuzz.sh $(FUZZTIME)

.PHONY: nightly
nightly: assets ## explore, fuzz, chaos and soak, MINUTES (30) each, from SEED (a new one, printed)
	hack/nightly.sh $(MINUTES) $(or $(SEED),$$(date +%s))

##@ Release it

IMAGE ?= ghcr.io/entraops/phone-operator
CHARTS ?= $(dir $(IMAGE))charts
RELEASE := go run -C hack/release . -dist $(CURDIR)/dist -image $(IMAGE) -version "$(VERSION)"

.PHONY: image
image: ## the operator's image for amd64 and arm64, of VERSION (the commit) and called IMAGE, as an OCI layout in dist/image
	$(RELEASE) image

.PHONY: bundle
bundle: ## the bundle for OLM alone, of VERSION (the commit), in dist/olm
	$(RELEASE) bundle

.PHONY: test-bundle
test-bundle: assets ## the bundle for OLM: OLM's own validators, and an API server that knows its kind
	@echo "test-bundle: the first run compiles OLM's validators, a few minutes" >&2
	go test -C hack/tools/olm -count=1 ./...

.PHONY: release
release: ## everything that a release of VERSION has, into dist/ (docs/release.md)
	rm -rf dist
	$(RELEASE) release

.PHONY: push-image
push-image: ## the image of dist/image to its registry
	$(RELEASE) push

.PHONY: push
push: push-image ## the image to IMAGE and the chart to CHARTS, as `make release` made them for VERSION
	$(HELM) push dist/phone-operator-$(VERSION:v%=%).tgz oci://$(CHARTS)

##@ What stands under it

.PHONY: assets
assets: ## etcd and kube-apiserver: found, downloaded, or built once
	@go run -C hack/devcluster .

.PHONY: clean
clean: ## remove what was built; etcd and kube-apiserver stay
	rm -rf dist
	[ ! -d bin ] || find bin -mindepth 1 -maxdepth 1 ! -name k8s -exec rm -rf {} +

.PHONY: clean-assets
clean-assets: ## remove etcd and kube-apiserver
	[ ! -d bin/k8s ] || chmod -R u+w bin/k8s
	rm -rf bin/k8s

.PHONY: help
help:
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.DEFAULT_GOAL := help
