# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Names for the programs in tools/, which say more with --help. Nothing is compiled.

.DEFAULT_GOAL := help
.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: demo
demo: ## two Gajims that write to each other, and what the server sees
	tools/demo

.PHONY: check
check: ## what to run while you work: lint and unit
	tools/test lint unit

.PHONY: lint unit integration e2e tails
lint: ## ruff, mypy, shellcheck and other checks that run no test
	tools/test lint
unit: ## the tests of the layers by themselves, and which branches they reach
	tools/test unit
integration: ## the tests with real servers and other people's programs
	tools/test integration
e2e: ## the tests with real Gajims, about 45 minutes
	tools/test e2e
tails: ## the tests of Gajim in Tails
	tools/test tails

.PHONY: test ci
test: ## all of these tests
	tools/test
ci: ## what a merge request has to pass: all tests, and packages, on Debian 12 and 13
	.ci/run

.PHONY: bundle deb-bookworm deb-trixie
bundle: ## the zip for Gajim's plugin manager, in dist/
	tools/bundle
deb-bookworm: ## the packages for Debian 12, built and tested, in dist/bookworm/
	tools/deb bookworm
deb-trixie: ## the packages for Debian 13, built and tested, in dist/trixie/
	tools/deb trixie

.PHONY: manifest pin tails-settings trust-table
manifest: ## after a change of manifest.ini
	tools/manifest
pin: ## after a change of tools/lib/requirements-*.in
	tools/pin
tails-settings: ## after a change of the settings that Tails gives to Gajim
	tools/tails-settings
trust-table: ## after a change of what becomes of a device
	tools/trust-table

.PHONY: bench fuzz model soak
bench: ## how fast it is
	tools/bench
fuzz: ## hostile input at random, about half an hour
	tools/fuzz
model: ## every state of three devices that write to each other
	tools/model
soak: ## 10,000 messages while programs crash and connections break
	tools/soak

.PHONY: clean
clean: ## delete what was made in this folder
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	find . -name __pycache__ -prune -exec rm -rf '{}' +
