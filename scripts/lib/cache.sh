# cache.sh: the folder for what is fetched once and used by every later run. Sourced by bash.
# shellcheck shell=bash

cache_dir() { printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/tributary"; }

# cache_locked COMMAND…: runs it while no other script changes the cache.
cache_locked() {
    local lock status=0
    mkdir -p "$(cache_dir)"
    exec {lock}>"$(cache_dir)/.lock"
    flock "$lock"
    "$@" {lock}>&- || status=$?
    exec {lock}>&-
    return "$status"
}
