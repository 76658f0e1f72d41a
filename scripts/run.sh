#!/usr/bin/env bash
# Serve from this checkout: supervisord in the foreground, until Ctrl-C. What the environment sets wins over what is set here.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The app and the sidecar write into supervisord's pipes, so they cannot see that a person reads.
if [[ -t 1 ]]; then export CONNECT_LOG_FORMAT=${CONNECT_LOG_FORMAT:-human}; fi

# Who tries Connect out enters a room at once, without an account. As a service it asks for one, unless told otherwise.
export CONNECT_OPEN_ROOMS=${CONNECT_OPEN_ROOMS:-true}

.venv/bin/python -m app check-settings >/dev/null

if [[ -S var/run/supervisor.sock ]] && .venv/bin/supervisorctl pid >/dev/null 2>&1; then
    echo "run: this checkout is being served already; .venv/bin/supervisorctl shutdown ends that" >&2
    exit 1
fi

# supervisord opens its standard output by name for each writer, which a socket (of a service manager, or of a program
# that starts this one) does not allow.
if [[ -S /dev/fd/1 ]]; then exec > >(exec cat); fi

options=(-n -c supervisord.conf)
# Being root is on purpose then: saying so keeps supervisord from warning of it.
if [[ $(id -u) == 0 ]]; then options+=(-u root); fi

# supervisord reports that it cannot write to its standard output on its standard error, and dies without stopping its
# programs if that fails too: so when the terminal is closed, standard error must not be that terminal.
errors=var/log/supervisord-errors.log
.venv/bin/supervisord "${options[@]}" 2>"$errors" &
supervisord=$!
# A closed terminal sends HUP, by which supervisord understands "start everything again". Ctrl-C reaches it by itself.
trap 'kill -TERM $supervisord' TERM HUP
trap : INT

# A trapped signal ends `wait` early.
while kill -0 "$supervisord" 2>/dev/null; do
    wait "$supervisord" && status=0 || status=$?
done
if ((status)); then cat "$errors" >&2; fi
exit "$status"
