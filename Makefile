# What people and CI do with weir. `make help` lists the targets.
#
# The shell does the work in scripts/; this file says what there is to do and what it needs.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

GO ?= go
# Dependencies change by `go get`, in a commit of their own, never as a side effect of a build.
export GOFLAGS := $(strip $(filter-out -mod=%,$(shell $(GO) env GOFLAGS)) -mod=readonly)

BIN := bin
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
VERSION_DATE := $(shell git show -s --format=%cI HEAD 2>/dev/null)
VERSION_COMMIT := $(shell git rev-parse HEAD 2>/dev/null)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.versionDate=$(VERSION_DATE) -X main.versionCommit=$(VERSION_COMMIT)
PREFIX ?= /usr/local

# One test binary may not take longer than this, so that nothing hangs for ever.
TEST_TIMEOUT ?= 10m

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1#\2/p' $(MAKEFILE_LIST) | column -t -s '#'

.PHONY: demo
demo: build ## build weir and tell the story of the open Redis
	@$(BIN)/weir demo

# -buildvcs=false: the version comes from LDFLAGS, and a clone that belongs to another user builds, too.
# No -trimpath: with it, the compiler's work could not be shared with `go test`, and a first build takes minutes.
.PHONY: build
build: needs ## bin/weir
	$(GO) build -buildvcs=false -ldflags "$(LDFLAGS)" -o $(BIN)/weir ./cmd/weir

.PHONY: install
install: build ## weir and its man pages below PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BIN)/weir $(DESTDIR)$(PREFIX)/bin/weir
	$(BIN)/weir docs --man $(DESTDIR)$(PREFIX)/share/man/man1

.PHONY: test
test: needs ## install what the tests need, and run them all
	@scripts/test -timeout $(TEST_TIMEOUT)

.PHONY: test-engines
test-engines: needs ## the same rows on Trino, and the lake on PostgreSQL: gets the servers (550 MB, cached), and tests with them
	@scripts/test-engines -timeout $(TEST_TIMEOUT)

.PHONY: test-terraform
test-terraform: build ## the Terraform module, its examples, what weir init writes: real AWS provider, stand-in for AWS; says so where there is none
	@scripts/test-terraform
	@scripts/test-terraform-apply

.PHONY: bench
bench: build ## measure against DuckDB, side by side, then refining and the rules, with the time of each; BENCH_N=records
	$(GO) run ./scripts/bench
	$(GO) run ./scripts/bench detect

.PHONY: bench-scale
bench-scale: build ## measure beyond one machine: S3 and Postgres, 20 million records, 10,000 files, a month of commits
	@scripts/bench-scale

.PHONY: truth
truth: build ## measure every rule on labelled traffic: precision, recall, hours; fails if one got worse, or an ordinary day is not quiet
	$(GO) run ./scripts/truth

.PHONY: truth-update
truth-update: build ## the same, and write what is reached to scripts/truth/baseline.csv, to be reviewed
	$(GO) run ./scripts/truth -update

.PHONY: fuzz
fuzz: needs ## every fuzz target for FUZZTIME (30s)
	@scripts/fuzz

.PHONY: check
check: needs ## what CI demands besides the tests: format, vet, staticcheck, layout, generated files, vulnerabilities
	@scripts/check

.PHONY: generate
generate: needs ## the files that are made from the code
	$(GO) generate ./...

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BIN)

# DuckDB is C++, so weir is built with cgo.
.PHONY: needs
needs:
	@scripts/needs
