#!/usr/bin/env bash
# Run every test: the sidecar's, the web client's, the app's. One that fails does not keep the others from running.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=()
test_app() { .venv/bin/python -m pytest "$@" </dev/null; }

# In browsers, two files at a time, in the order of their names, for a file's tests share what takes long to start. Calls
# suffer when a machine is too busy, and so do databases: what else takes its time comes after them.
beside=$(mktemp)
trap 'rm -f "$beside"' EXIT
{
    result=0
    npm --prefix worker-sidecar test </dev/null || result=$((result | 1))
    npm --prefix web test </dev/null || result=$((result | 2))
    exit "$result"
} >"$beside" 2>&1 &
test_app tests/e2e -m "not quiet" --numprocesses 2 --dist loadfile --no-loadscope-reorder || failed+=(browsers)
wait $!
result=$?
cat "$beside"
((result & 1)) && failed+=(worker-sidecar)
((result & 2)) && failed+=(web)
test_app --ignore tests/e2e -m "not quiet" --numprocesses 2 || failed+=(app)

# Nothing else runs beside those that measure.
test_app -m quiet || failed+=(quiet)

if ((${#failed[@]})); then
    printf 'test: failed: %s\n' "${failed[*]}" >&2
    exit 1
fi
