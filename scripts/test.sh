#!/usr/bin/env bash
# Run every test: the sidecar's, the web client's, the app's. One that fails does not keep the others from running.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=()
npm --prefix worker-sidecar test </dev/null || failed+=(worker-sidecar)
npm --prefix web test </dev/null || failed+=(web)
# Last, so that the last line is pytest's own. Two at a time: many tests wait for something. A file's tests share what
# takes long to start, such as browsers and databases.
.venv/bin/python -m pytest --numprocesses 2 --dist loadfile </dev/null || failed+=(app)

if ((${#failed[@]})); then
    printf 'test: failed: %s\n' "${failed[*]}" >&2
    exit 1
fi
