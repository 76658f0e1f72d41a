#!/usr/bin/env bash
# Run every test: the sidecar's, the web client's, the app's. One that fails does not keep the others from running.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=()
npm --prefix worker-sidecar test </dev/null || failed+=(worker-sidecar)
npm --prefix web test </dev/null || failed+=(web)
# Last, so that the last line is pytest's own. What the tests did not reach is in var/log/coverage.txt.
.venv/bin/coverage run -m pytest </dev/null || failed+=(app)
.venv/bin/coverage report >var/log/coverage.txt || failed+=(coverage)

if ((${#failed[@]})); then
    printf 'test: failed: %s\n' "${failed[*]}" >&2
    exit 1
fi
