# Connect's commands. Each sets up what it needs first (scripts/setup.sh), which costs next to nothing when it is there.

.DEFAULT_GOAL := help
.PHONY: help run restart test coverage lint bench clean lint-ruff lint-format lint-types lint-floors lint-sidecar lint-web

help: ## Show this.
	@sed -n 's/^\([a-z]*\):.* ## /  make \1\t/p' Makefile

run: ## Serve on http://localhost:3000 until Ctrl-C.
	@scripts/setup.sh run
	@scripts/run.sh

restart: ## Restart the app that `make run` serves, with new code for example; calls go on.
	@.venv/bin/supervisorctl restart app

test: ## Run every test.
	@scripts/setup.sh test
	@scripts/test.sh

coverage: ## Run the app's tests but those in browsers; say what they do not reach.
	@scripts/setup.sh test
	@.venv/bin/coverage run -m pytest --ignore tests/e2e
	@.venv/bin/coverage report

lint: ## Check style, types and the floors of the app.
	@scripts/setup.sh lint
	@$(MAKE) --no-print-directory --keep-going --output-sync --jobs 4 \
		lint-types lint-web lint-sidecar lint-floors lint-format lint-ruff

lint-ruff:
	.venv/bin/ruff check --quiet

lint-format:
	.venv/bin/ruff format --check --quiet

lint-types:
	.venv/bin/mypy

lint-floors:
	.venv/bin/lint-imports

lint-sidecar:
	npm --prefix worker-sidecar run --silent check

lint-web:
	npm --prefix web run --silent check

bench: ## Run the benchmarks.
	@scripts/setup.sh bench
	@.venv/bin/python -m bench

clean: ## Remove what was set up and built here; keeps the database and the cached worker.
	rm -rf .venv web/node_modules web/dist web/packages/*/dist worker-sidecar/node_modules bench/node/node_modules var/setup var/log
	rm -rf build *.egg-info .coverage* htmlcov test-results .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
