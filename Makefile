# Everything starts here: `make help`. Downloads and builds are cached outside the checkout, so that a second run is fast.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export CHATOPS_CACHE ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/chatops-operator
export CARGO_TARGET_DIR ?= $(CHATOPS_CACHE)/target
export PATH := $(CHATOPS_CACHE)/bin:$(PATH)

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
CLUSTER ?= local
NAME ?= demo
GENERATED := manifests/crds manifests/schemas manifests/slack-app.yaml docs/reference.md

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: ## The main job: a cluster, the operator, a bot, a conversation (CLUSTER=current: on the cluster of your kubeconfig)
ifeq ($(CLUSTER),current)
	@cargo build --release --locked --workspace --bin demo
	@$(CARGO_TARGET_DIR)/release/demo --cluster current
else
	@$(MAKE) --no-print-directory tools image
	@$(CARGO_TARGET_DIR)/release/demo --cluster local
endif

.PHONY: test
test: tools image ## Every test, on a real cluster where it takes one
	@e2e/scripts/errbot.sh >/dev/null
	@e2e/scripts/sdks.sh
	@e2e/scripts/browser.sh
	@e2e/scripts/musl.sh
	@e2e/scripts/test.sh

.PHONY: test-unit
test-unit: ## The tests that need no cluster (a real redis-server for storage)
	@cargo test --locked --workspace --exclude chatops-e2e

.PHONY: check
check: deny ## Format, lints, generated files, dependency bans
	@cargo fmt --all -- --check
	@cargo clippy --locked --workspace --all-targets -- -D warnings
	@$(MAKE) --no-print-directory crds slack-app
	@git diff --exit-code -- $(GENERATED) || { echo "Generated files were out of date: commit what 'make crds slack-app' wrote"; exit 1; }

.PHONY: deny
deny:
	@e2e/scripts/deny.sh

.PHONY: crds
crds: ## Generate manifests/crds, manifests/schemas and docs/reference.md
	@cargo run --quiet --locked --bin chatops-operator -- crds \
		--dir manifests/crds --schemas manifests/schemas --reference docs/reference.md

.PHONY: slack-app
slack-app: ## Generate manifests/slack-app.yaml
	@cargo run --quiet --locked --bin chatops-bot -- slack-manifest -f manifests/samples > manifests/slack-app.yaml

.PHONY: bench
bench: tools image ## Ours beside other bots, measured in one run (docs/performance.md), and what each storage does a second
	@export RIVALS; RIVALS=$$(e2e/scripts/rivals.sh); \
	cargo bench --locked --workspace --bench ratios --bench storage

.PHONY: chaos
chaos: COMMANDS ?= $(if $(MINUTES),$(shell expr $(MINUTES) '*' 6000),100000)
chaos: SEED ?= 1
chaos: tools image ## Type COMMANDS (100000), or for MINUTES, while things go wrong as SEED has it, and count the answers
	@COMMANDS=$(COMMANDS) SEED=$(SEED) cargo test --locked --workspace --test chaos -- --nocapture whatever_goes_wrong

.PHONY: binaries
binaries:
	@echo "Building the binaries (release)"
	@cargo build --release --locked --bins

.PHONY: image
image: tools binaries ## Build the container images with buildah, and print their sizes
	@e2e/scripts/images.sh

.PHONY: tools
tools:
	@e2e/scripts/tools.sh

.PHONY: chat
chat: ## Type to the bot of the demo
	@$(CARGO_TARGET_DIR)/release/local-cluster --name $(NAME) kubectl -n chatops-demo exec -it deploy/slack-simulator -- slack-simulator chat

.PHONY: cluster
cluster: tools image ## Start a local cluster with the images loaded (NAME=demo)
	@$(CARGO_TARGET_DIR)/release/local-cluster --name $(NAME) up
	@$(CARGO_TARGET_DIR)/release/local-cluster --name $(NAME) load-image

.PHONY: cluster-down
cluster-down: ## Stop the local cluster and remove what it left (NAME=demo)
	@$(CARGO_TARGET_DIR)/release/local-cluster --name $(NAME) down
