#!/usr/bin/env bash
# Set up what is missing for a purpose: run, lint, bench, test, or worker (the longest part of run). Fast when nothing is missing.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$(pwd -P)
source scripts/steps.sh
source scripts/system.sh

# Extras of setup.cfg: to run, none but the tools of the worker's build; for everything else, all.
to_serve=worker-build
everything=worker-build,test,lint

# What the worker's build needs, where no worker can be had ready-made. The cached one then runs on the same libraries.
worker_build_packages=(
    g++ pkg-config patch libuv1-dev libssl-dev libsrtp2-dev libabsl-dev libflatbuffers-dev flatbuffers-compiler
)

lock() {
    mkdir -p "$stamps" "$logs"
    mkdir -p -m 0700 var/run
    exec 9>"$stamps/lock"
    flock -n 9 && return
    say "waiting for another set-up of this checkout"
    flock 9
}

# virtual_environment: make .venv, anew if its Python has gone or it was made in another place and then moved here.
virtual_environment() {
    if grep -qsF "$root/.venv/bin/python" .venv/bin/pip && .venv/bin/python -c 'import pip' 2>/dev/null; then return; fi
    need_python
    rm -rf .venv
    logged venv "virtual environment" "$(find_python)" -m venv .venv
}

# python_packages EXTRAS: install one of the two sets; the larger one serves for the smaller.
python_packages() {
    virtual_environment
    local key
    key="$(fingerprint setup.cfg pyproject.toml app/__init__.py) $(.venv/bin/python --version) $root"
    if is_done "python-$everything" .venv/bin/python "$key"; then return; fi
    step "python-$1" .venv/bin/python "$key" "Python packages" \
        .venv/bin/pip install --disable-pip-version-check --editable ".[$1]"
}

# npm_packages FOLDER: install scripts stay off, as none is needed: worker-sidecar obtains mediasoup's worker by itself.
npm_packages() {
    local key
    key="$(fingerprint "$1/package.json" "$1/package-lock.json") $node_version"
    step "npm-${1//\//-}" "$1/node_modules" "$key" "npm packages of $1" \
        npm --prefix "$1" ci --ignore-scripts --no-audit --no-fund
}

# worker: have the media worker's binary in the cache. Always asked, for the cache lies outside this checkout.
worker() {
    obtain_worker && return
    local missing=()
    # A worker that the operator named is used or nothing is: no package would help.
    [[ -n ${MEDIASOUP_WORKER_BIN:-} ]] || mapfile -t missing < <(missing_packages "${worker_build_packages[@]}")
    ((${#missing[@]})) || fail "there is no media worker; the reason is above"
    install_packages "${missing[@]}"
    obtain_worker || fail "there is no media worker; the reason is above"
}

# obtain_worker: its standard error is progress, for people; its standard output a line for programs.
obtain_worker() {
    PATH="$root/.venv/bin:$PATH" node worker-sidecar/src/obtain-worker.js >"$logs/setup-worker.json" </dev/null 9>&-
}

web_build() {
    step web web/dist/index.html "$(fingerprint web) $node_version" "web client" npm --prefix web run build
}

# database: bring its schema up to date. One that the operator named is asked each time: others may have changed it.
database() {
    local migrate=(.venv/bin/python -m app migrate)
    if [[ -n ${CONNECT_DATABASE_URL:-} ]]; then
        logged database "database" "${migrate[@]}"
    else
        step database var/connect.db "$(fingerprint migrations alembic.ini)" "database" "${migrate[@]}"
    fi
}

# servers_for_tests: what tests and benchmarks start by themselves, on free ports and in folders of their own.
servers_for_tests() {
    local missing=()
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || missing+=(postgresql)
    command -v redis-server >/dev/null || missing+=(redis-server)
    command -v turnserver >/dev/null || missing+=(coturn)
    # Debian's is where only root looks for commands.
    command -v haproxy >/dev/null || [[ -x /usr/sbin/haproxy ]] || missing+=(haproxy)
    install_without_starting "${missing[@]}"
}

# networks_for_tests: for the tests that make networks of their own, which only root can; others skip them.
networks_for_tests() {
    if [[ $(id -u) == 0 ]]; then need_commands ip:iproute2 nft:nftables; fi
}

# compose: whatever reads docker-compose.yml; no engine is needed for that.
compose() {
    docker compose version >/dev/null 2>&1 || need_commands docker-compose:docker-compose
}

# worker_only: the part of it that takes longest, for an image to keep as a layer of its own.
worker_only() {
    python_packages "$to_serve"
    npm_packages worker-sidecar
    worker
}

# to_run EXTRAS: all that serving takes.
to_run() {
    python_packages "$1"
    npm_packages worker-sidecar
    npm_packages web
    worker
    web_build
    database
}

lock
need_node
case ${1:-} in
    run) to_run "$to_serve" ;;
    lint)
        python_packages "$everything"
        npm_packages worker-sidecar
        npm_packages web
        ;;
    bench)
        need_commands flatc:flatbuffers-compiler
        servers_for_tests
        to_run "$everything"
        npm_packages bench/node
        ;;
    test)
        need_commands flatc:flatbuffers-compiler chromium:chromium firefox-esr:firefox-esr Xvfb:xvfb ffmpeg:ffmpeg curl:curl jq:jq
        servers_for_tests
        networks_for_tests
        compose
        to_run "$everything"
        ;;
    worker) worker_only ;;
    *) fail "usage: scripts/setup.sh run|lint|bench|test|worker" ;;
esac
