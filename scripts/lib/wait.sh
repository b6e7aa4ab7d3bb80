# wait.sh: waiting for conditions. Sourced by bash.
# shellcheck shell=bash

# await SECONDS COMMAND…: tries the command until it succeeds; fails when the time is over.
await() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

gone() { ! kill -0 "$1" 2>/dev/null; }

# end_process PID [SECONDS]: SIGTERM, and SIGKILL when it has not gone after that long.
end_process() {
    kill -TERM "$1" 2>/dev/null || return 0
    await "${2:-20}" gone "$1" && return 0
    kill -KILL "$1" 2>/dev/null || true
    await 10 gone "$1"
}
