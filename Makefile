# Every command a developer needs. `make help` lists them. Python, packages: see tests/tools/setup.sh
BIN := .venv/bin
SETUP := tests/tools/setup.sh
JOBS ?= 2
export PYTHON

.DEFAULT_GOAL := help
.PHONY: demo test check bench screens clean help

demo: ## the whole main job on this machine; `make demo ARGS=--once` runs a scripted call and ends
	@$(SETUP) demo
	@$(BIN)/alliancekit demo $(ARGS)

test: ## all tests; `make test ARGS="tests/test_sessions.py -k drop"` runs some
	@$(SETUP) dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --ignore=tests/bench $(ARGS)

check: ## lint, format, types, architecture
	@$(SETUP) dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python -m pytest -q tests/repo

bench: ## measure speed, as ratios to a yardstick on the same machine
	@$(SETUP) dev
	$(BIN)/python -m pytest -s tests/bench $(ARGS)

screens: ## take pictures of every page and state into tests/output, with a contact sheet
	@$(SETUP) dev
	@set -e; for script in tests/tools/*_screens.py; do echo $$script; $(BIN)/python $$script; done
	@$(BIN)/python tests/tools/contact_sheet.py

clean: ## remove what was built, measured or cached, and .venv
	rm -rf .venv build dist tests/output .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find core plugins adapters examples tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

help: ## this list
	@sed -n 's/^\([a-z]*\): ## /\1	/p' Makefile | expand -t 10
