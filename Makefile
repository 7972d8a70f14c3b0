# Everything happens in .venv, which the first target creates and the others reuse. It is brought
# up to date only when pyproject.toml or constraints.txt has changed.
#
#   make demo PYTHON=python3.12     use another Python than python3
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu
#                                   fetch PyTorch without CUDA (Linux without an NVIDIA card:
#                                   PyPI's build works there too, but is several GB)

PYTHON ?= python3
TORCH_INDEX ?=

PHOTO := neuschwanstein_castle
PAINTING := starry_night
TORCH := 2.13.0

BIN := .venv/bin
PIP_INSTALL := -m pip install -qq --disable-pip-version-check $(TORCH_INDEX:%=--extra-index-url %)
CODE := src $(wildcard benchmarks examples recipes docs/_ext)

HOURS := 5

# Warnings are errors, names that lead nowhere are warnings, and nothing of a build lies in docs/ but course/.
SPHINX := $(BIN)/python -m sphinx --fail-on-warning --keep-going --nitpicky --doctree-dir build/doctrees

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: demo test lint docs linkcheck bench weights constraints clean help

demo: .venv/.installed ## Stylize a bundled photograph, into demo/
	@mkdir -p demo
	$(BIN)/impasto stylize $(PHOTO) --style $(PAINTING) --size 512 \
		-o demo/stylized.png --plot demo/costs.png --sheet demo/sheet.png

# Two test processes share two cores, so each computes with one thread.
test: .venv/.installed-test ## Run all tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest

lint: .venv/.installed-dev ## Check style, types and the direction of imports
	$(BIN)/ruff check --no-cache
	$(BIN)/ruff format --check
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports --no-logo

docs: .venv/.installed-docs ## Build the book into build/docs (some minutes: it runs the tutorial)
	$(SPHINX) -b html docs build/docs
	@echo 'The book is in build/docs/index.html'

linkcheck: .venv/.installed-docs ## Follow the links of the book into the internet
	$(SPHINX) -b linkcheck docs build/linkcheck

bench: .venv/.installed-all ## Run every benchmark and write docs/performance.md (some hours)
	$(BIN)/python benchmarks/report.py

weights: .venv/.installed-all ## Train the networks that come with impasto, in HOURS=5; it can be resumed
	$(BIN)/python recipes/weights.py --hours $(HOURS)

constraints: ## Renew constraints.txt with the newest versions that fit
	@set -e; env=$$(mktemp -d); trap 'rm -rf "$$env"' EXIT; \
	$(PYTHON) -m venv "$$env"; \
	"$$env/bin/python" $(PIP_INSTALL) torch==$(TORCH) '.[all,docs,examples,test,dev]'; \
	"$$env/bin/python" -m pip freeze --exclude impasto > "$$env/frozen"; \
	{ echo "# Made by 'make constraints': what pip installs for torch==$(TORCH) and .[all,docs,examples,test,dev]."; \
	sed 's/+cpu$$//' "$$env/frozen"; } > constraints.txt

clean: ## Remove what the other targets made, except .venv
	rm -rf demo build dist docs/course .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests $(wildcard benchmarks examples docs) -name __pycache__ -exec rm -rf {} +

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-13s %s\n", $$1, $$2 }' Makefile

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit( \
	"impasto needs Python 3.11 or newer, and $(PYTHON) is %d.%d. Name another: make PYTHON=python3.12" \
	% sys.version_info[:2])'
	@echo 'Creating .venv'
	@$(PYTHON) -m venv --clear .venv

EXTRAS-all := [all]
EXTRAS-docs := [all,docs]
EXTRAS-test := [all,docs,test]
EXTRAS-dev := [all,docs,examples,test,dev]

.venv/.installed .venv/.installed-all .venv/.installed-docs .venv/.installed-test .venv/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing impasto into .venv (takes some minutes the first time)'
	@$(BIN)/python $(PIP_INSTALL) -c constraints.txt -e '.$(EXTRAS-$(lastword $(subst -, ,$@)))'
	@touch $@
