# photofsd: `make` lists what there is. Everything sets itself up first; the second time is quick.

EXTRAS ?= ml,dev
VENV   := .venv
PYTHON_IN_VENV := $(VENV)/bin/python
STAMP  := $(VENV)/.installed-$(EXTRAS)
MOUNT  ?= photos
SOAK_S ?= 600
WORKERS ?= 3
STATE  ?= .run/$(if $(PHOTOS),photos,sample)

.DEFAULT_GOAL := help
.PHONY: help install system run test slow soak fuzz bench check clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

install: $(STAMP) ## system packages (apt), .venv, photofsd in it

system:
	@contrib/setup/system

$(STAMP): pyproject.toml constraints.txt contrib/setup/environment | system
	@contrib/setup/environment "$$(contrib/setup/system --print-python)" $(VENV) "$(EXTRAS)"
	@touch $@

run: install $(if $(PHOTOS),,.sample) ## the daemon on PHOTOS=DIR, or on a sample library that it draws; Ctrl-C ends it
	@exec $(PYTHON_IN_VENV) -m contrib.setup.run --library "$(or $(PHOTOS),.sample)" --mount "$(MOUNT)" --state "$(STATE)" \
		$(if $(PHOTOS),,--demo)

.sample: | install
	@$(PYTHON_IN_VENV) -m contrib.sample_library $@

test slow: export FOR_TESTS = 1
# Tests wait for daemons much of the time: more workers than cores. What a worker hangs in is told before it is ended.
test: install ## the suite but the slow ones, WORKERS=3 at once; ARGS="tests/unit -k names" narrows it, ARGS="-n 0 --pdb"
	@$(PYTHON_IN_VENV) -m pytest -m "not slow and not bench" -n $(WORKERS) --dist worksteal -o faulthandler_timeout=390 $(ARGS)

slow: install ## the slow tests
	@$(PYTHON_IN_VENV) -m pytest -m "slow and not bench and not fuzz and not soak" $(ARGS)

soak: install ## kills the daemon and its readers on a changing library for SOAK_S=600 seconds, and looks what is left
	@SOAK_S="$(SOAK_S)" $(PYTHON_IN_VENV) -m pytest -m soak -s tests/faults $(ARGS)

fuzz: install ## hostile files against the readers, for FUZZ_S=300 seconds
	@$(PYTHON_IN_VENV) -m pytest tests/fuzz -m fuzz -s $(ARGS)

bench: install ## the measurements
	@$(PYTHON_IN_VENV) -m pytest tests/bench -m bench -s --timeout 0 $(ARGS)

check: install ## lint, format, types, floors
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-logo

clean: ## what `make run` and the tools left behind; keeps .venv
	@! mountpoint -q "$(MOUNT)" || { echo "photofsd: $(MOUNT) is still mounted: end the daemon first" >&2; exit 1; }
	@[ ! -d "$(MOUNT)" ] || rmdir "$(MOUNT)"
	rm -rf .sample .run build dist .coverage .coverage.* .import_linter_cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
