# What a step of set-up is: said, logged, and skipped while nothing that it depends on has changed. Sourced by setup.sh.

stamps=var/setup
logs=var/log

say() {
    printf 'setup: %s\n' "$*" >&2
}

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

# fingerprint PATH…: a hash of the names and contents of the files there, without what is made from them.
fingerprint() {
    find "$@" -type f ! -path '*/node_modules/*' ! -path '*/dist/*' ! -path '*/__pycache__/*' ! -path '*/.*' -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1
}

# is_done NAME PRODUCT KEY: whether step NAME ended well with the same KEY, and PRODUCT has not been removed since.
is_done() {
    [[ -e $2 && -f $stamps/$1 && $(<"$stamps/$1") == "$3" ]]
}

# step NAME PRODUCT KEY TITLE COMMAND…: run COMMAND unless it is done.
step() {
    local name=$1 product=$2 key=$3 title=$4
    shift 4
    if is_done "$name" "$product" "$key"; then return; fi
    # The stamp goes first: a step cut short is done again.
    rm -f "$stamps/$name"
    logged "$name" "$title" "$@"
    printf '%s\n' "$key" >"$stamps/$name"
}

# logged NAME TITLE COMMAND…: say TITLE and run COMMAND; what it prints goes to a log, whose end is shown if it fails.
logged() {
    local log=$logs/setup-$1.log
    say "$2"
    shift 2
    # Descriptor 9 is set-up's lock: a process that stays behind must not keep it.
    if ! "$@" >"$log" 2>&1 </dev/null 9>&-; then
        tail -n 40 "$log" >&2
        fail "failed: $*" "all of its output is in $log"
    fi
}
