# Everything here bootstraps itself on a machine with Python 3.11+, pip and make.

SEED ?= 1
TESTS ?=
BIN := .venv/bin

# A stamp says what has been installed; it is remade when what it was made from changes.
VENV := .venv/.created
RUNTIME := .venv/.runtime
DEV := .venv/.dev
BENCH := .venv/.bench
BROWSER := .venv/.browser

LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock"

.PHONY: demo test check bench nightly real lock clean
.DEFAULT_GOAL := test

demo: $(RUNTIME) $(BROWSER)  ## the founding example in a real browser: make demo SEED=7
	@$(BIN)/pointsman demo --seed $(SEED)

test: $(DEV) $(BROWSER)  ## every test but those marked live, nightly or real; TESTS="tests/test_gate.py -k declined" for some
	@$(BIN)/pytest -n 2 --dist loadfile --inline-snapshot disable -m "not live and not nightly and not real" $(TESTS)

check: $(DEV)  ## format, lint, types, import contracts, dependencies, docs, requirements manifest
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/pytest -q tests/test_requirements.py $(wildcard tests/test_docs*.py)
	@echo "The five longest modules (a place to look, not a verdict):"
	@find server tools bridges examples pointsman -name '*.py' -exec wc -l {} + | grep -v ' total$$' | sort -rn | head -5

bench: $(DEV) $(BENCH) $(BROWSER)  ## what governance costs beside a bare MCP server, and the browser beside the reference
	@$(BIN)/python -m bench

nightly: $(DEV) $(BENCH) $(BROWSER)  ## the tests that are too slow for every change
	@$(BIN)/pytest -m "nightly and not live" --timeout 900 $(TESTS)

real: $(DEV) $(BROWSER)  ## tests on applications that it installs with apt: for a machine that may be changed
	@$(BIN)/pytest -m "real and not live" --timeout 900 $(TESTS)

lock: $(DEV)  ## resolve anew; commit what changes
	@test -x $(BIN)/uv || $(BIN)/python -m pip install uv
	$(LOCK) pyproject.toml --group build -o requirements.txt
	$(LOCK) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	$(LOCK) --group bench -c requirements-dev.txt -o requirements-bench.txt
	$(LOCK) --no-deps bench/miniwob/requirements.in -o bench/miniwob/requirements.txt
	$(LOCK) tests/apps/requirements.in -o tests/apps/requirements.txt

clean:  ## remove the environment and whatever was built or written
	rm -rf .venv build dist demo-output .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Where there is a venv module but not the pip that it would bring (Debian without python3-venv), the machine's pip helps out.
$(VENV):
	@python=; for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; done; \
	if [ -z "$$python" ]; then \
		echo "Pointsman needs Python 3.11 or newer, and none was found. Install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; fi; \
	echo "Creating .venv with $$($$python --version)"; \
	$$python -m venv .venv >/dev/null 2>&1 \
	|| { $$python -m venv --without-pip .venv && $$python -m pip --python .venv/bin/python install --quiet pip; } \
	|| { echo "Could not create .venv: Python's venv module or pip is missing (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@touch $@

$(RUNTIME): requirements.txt pyproject.toml hatch_build.py | $(VENV)
	@echo "Installing what Pointsman needs to run into .venv (once, about a minute)"
	@$(BIN)/python -m pip install --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements-dev.txt $(RUNTIME)
	@echo "Installing what developing needs into .venv (once)"
	@$(BIN)/python -m pip install --require-hashes -r requirements-dev.txt
	@touch $@

$(BENCH): requirements-bench.txt bench/miniwob/requirements.txt $(RUNTIME)
	@echo "Installing what the benchmarks need into .venv (once)"
	@$(BIN)/python -m pip install --require-hashes -r requirements-bench.txt
	@$(BIN)/python -m pip install --require-hashes --no-deps -r bench/miniwob/requirements.txt
	@touch $@

$(BROWSER): | $(RUNTIME)
	@$(BIN)/pointsman doctor --install-browser
	@touch $@
