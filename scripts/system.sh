# What must come from the operating system: commands, and Debian packages through apt. Sourced by setup.sh.

# missing_packages PACKAGE…: print those that are not installed. Where there is no dpkg nothing can be said, and nothing is.
missing_packages() {
    command -v dpkg-query >/dev/null || return 0
    local package
    for package; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || printf '%s\n' "$package"
    done
}

# as_root COMMAND…: run COMMAND as root, without ever asking for a password.
as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi
}

# install_packages PACKAGE…: install them, or end with a message that says what to type.
install_packages() {
    (($#)) || return 0
    command -v apt-get >/dev/null ||
        fail "missing: $*" "there is no apt-get here: install what your system calls these, then try again"
    as_root true 2>/dev/null ||
        fail "missing system packages: $*" "install them, then try again: sudo apt-get install $*"
    update_package_lists
    logged apt "system packages: $*" apt_get install --yes --no-install-recommends "$@"
}

# install_without_starting PACKAGE…: install servers as mere programs; Debian's would start as services of this machine.
install_without_starting() (
    (($#)) || return 0
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]] && as_root true 2>/dev/null; then
        # This function is a shell of its own, so that the policy goes with it, however it ends.
        trap 'as_root rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 0755 "$policy"
    fi
    install_packages "$@"
)

# update_package_lists: once a run. Installing may do without: an unreachable mirror matters only if something is then not found.
update_package_lists() {
    [[ -z ${package_lists_updated:-} ]] || return 0
    package_lists_updated=yes
    say "list of system packages"
    apt_get update >"$logs/setup-apt-update.log" 2>&1 ||
        say "the list could not be brought up to date: see $logs/setup-apt-update.log"
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@" </dev/null 9>&-
}

# offered PACKAGE VERSION: whether apt could install PACKAGE in VERSION or later.
offered() {
    command -v apt-cache >/dev/null && as_root true 2>/dev/null || return 1
    update_package_lists
    local version
    version=$(LC_ALL=C apt-cache policy "$1" | sed -n 's/^ *Candidate: \([0-9].*\)/\1/p')
    [[ -n $version ]] && dpkg --compare-versions "$version" ge "$2"
}

# need_commands COMMAND:PACKAGE…: install the packages of those commands that are not to be found.
need_commands() {
    local pair packages=()
    for pair; do
        command -v "${pair%:*}" >/dev/null || packages+=("${pair#*:}")
    done
    install_packages "${packages[@]}"
}

# find_python: print a Python that is new enough and can make a virtual environment; PYTHON names it outright.
find_python() {
    local python
    for python in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14}; do
        if "$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$python"
            return
        fi
    done
    return 1
}

need_python() {
    find_python >/dev/null && return
    if [[ -z ${PYTHON:-} ]] && offered python3 3.11; then install_packages python3 python3-venv; fi
    find_python >/dev/null ||
        fail "Python 3.11 or later with its venv module is needed, and ${PYTHON:-python3} is not that" \
            "on Debian 12 and later: sudo apt-get install python3 python3-venv; or name another: make run PYTHON=python3.12"
}

# need_node: Node 20.19 or later (what Vite asks for), with npm. Leaves what `node --version` says in node_version.
need_node() {
    if ! command -v node >/dev/null && offered nodejs 20.19; then install_packages nodejs; fi
    node_version=$(node --version 2>/dev/null) || node_version=none
    local major minor
    IFS=. read -r major minor _ <<<"${node_version#v}"
    [[ $major =~ ^[0-9]+$ ]] && ((major > 20 || (major == 20 && minor >= 19))) ||
        fail "Node.js 20.19 or later is needed; here is: $node_version" \
            "Debian 13 and later have it: sudo apt-get install nodejs npm; elsewhere take it from the Node.js project"
    need_commands npm:npm
}
