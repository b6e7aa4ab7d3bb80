# venv.sh: the Python packages of the tests, pinned, in the cache: those of tests/system unless another folder of tests
# is named. Needs say.sh and cache.sh. Sourced by bash.
# shellcheck shell=bash

venv_tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../tests" && pwd)

venv_requirements() { printf '%s/%s/requirements.txt\n' "$venv_tests" "${1:-system}"; }

# venv_dir [TESTS]
venv_dir() {
    local name=venv
    [ "${1:-system}" = system ] || name=venv-$1
    printf '%s/%s\n' "$(cache_dir)" "$name"
}

# fetch_venv [TESTS]: makes the environment, or makes it anew when the requirements or the Python changed.
fetch_venv() { cache_locked fetch_venv_locked "${1:-system}"; }

fetch_venv_locked() {
    local venv log
    venv=$(venv_dir "$1") log=$(cache_dir)/pip.log
    cmp -s <(venv_stamp "$1") "$venv/stamp" && return
    echo "fetching the Python packages of tests/$1/requirements.txt"
    rm -rf "$venv"
    quietly "$log" python3 -m venv "$venv" || fail "could not make a Python environment in $venv"
    quietly "$log" "$venv/bin/pip" install --disable-pip-version-check --only-binary :all: -r "$(venv_requirements "$1")" ||
        fail "could not fetch the Python packages" "check the network, or the index in pip's configuration"
    venv_stamp "$1" >"$venv/stamp"
}

# Other folders' requirements name those of tests/system.
venv_stamp() {
    python3 --version && cat "$(venv_requirements)"
    [ "$1" = system ] || cat "$(venv_requirements "$1")"
}
