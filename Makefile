# Thin front of CMake and CTest: every target is one or two commands that can be typed by hand. `make help` lists them.
JOBS  ?= $(shell nproc)
TESTS ?= $(shell n=$$(nproc); [ $$n -gt 2 ] && echo $$n || echo 2)
CTEST  = ctest --output-on-failure -j $(TESTS)
# A busy machine is forgiven one failure; what needed a second try is named. Not under sanitizers, whose reports may come once in many runs.
RETRY  = --repeat until-pass:2
# Under sanitizers memory and speed are not judged.
SANE   = -LE 'prove|bench'

.DEFAULT_GOAL := help
.PHONY: help deps build demo test test-asan test-tsan bench bench-diff soak overload sim fuzz coverage docs lint clean

help:  ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

deps:  ## Install the Debian packages that building and testing need (skips what is there)
	@tools/install-deps build

build: deps  ## Build the programs, optimised, into build/release/bin
	@cmake --preset release
	@cmake --build build/release -j $(JOBS) --target programs

demo: build  ## Run a fleet on this machine, break it on purpose, and print what happened
	@tools/demo/demo --bin build/release/bin

test: build  ## Build and run every test
	@tools/install-deps test
	@cmake --build build/release -j $(JOBS)
	@$(CTEST) $(RETRY) --test-dir build/release

test-asan: deps  ## Every test under AddressSanitizer and UndefinedBehaviorSanitizer
	@cmake --preset asan
	@cmake --build build/asan -j $(JOBS)
	@$(CTEST) $(SANE) --test-dir build/asan

test-tsan: deps  ## Every test under ThreadSanitizer
	@cmake --preset tsan
	@cmake --build build/tsan -j $(JOBS)
	@TSAN_OPTIONS=ignore_noninstrumented_modules=1:suppressions=$(CURDIR)/tests/tsan.supp $(CTEST) $(SANE) --test-dir build/tsan

bench: build  ## Cost, latency and memory beside HAProxy, nginx and nghttpx, into docs/benchmark.*
	@tools/install-deps bench
	@cmake --build build/release -j $(JOBS) --target bench-relay
	@tests/bench/run --bin build/release/bin --out docs

bench-diff: build  ## Instructions per request beside those of revision BASE (default HEAD~1); over 5 % more fails
	@tools/install-deps bench
	@tests/bench/diff --bin build/release/bin --base $(or $(BASE),HEAD~1) --jobs $(JOBS)

soak: build  ## Every protocol at once for SOAK_SECONDS (default 1800) while configuration, backends and certificates change
	@tools/install-deps test
	@tests/prove/soak --bin build/release/bin --seconds $(or $(SOAK_SECONDS),1800)

overload: build  ## Three times what an agent can do: it stays up, in bounds, and answers on its admin port
	@tools/install-deps test
	@tests/prove/overload --bin build/release/bin

sim: build  ## Balancers, breakers and the fleet's loop on simulated time: docs/sim.md and its pictures
	@cmake --build build/release -j $(JOBS) --target yard-sim
	@tools/docs/sim

fuzz: deps  ## Fuzz each target for FUZZ_SECONDS (default 600) with libFuzzer
	@tools/install-deps fuzz
	@cmake --preset fuzz
	@tests/fuzz/run build/fuzz $(or $(FUZZ_SECONDS),600)

coverage: deps  ## Line coverage of unit, contract and integration tests
	@tools/install-deps coverage
	@tests/coverage build/coverage $(JOBS) $(TESTS)

docs:  ## Write the pages that are made from the code (docs/api.md, docs/metrics.md), the chart and the dashboards anew
	@tools/docs/reference
	@deploy/helm/generate
	@deploy/grafana/generate

lint: deps  ## House rules (tests/tidy) and, where clang-format is installed, a report on formatting
	@tools/install-deps lint
	@tests/tidy/tidy --root .
	@tests/tidy/format_check
	@tools/docs/reference --check

clean:  ## Remove build directories
	@rm -rf build
