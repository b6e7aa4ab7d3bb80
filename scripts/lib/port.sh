# port.sh: free ports on the loopback interface. Sourced by bash.
# shellcheck shell=bash

port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port nobody listens on, from below the range the kernel gives to outgoing connections. Another process may
# take it before the caller does: callers try again with a new one when that happens.
free_port() {
    local port
    for _ in {1..200}; do
        port=$((20000 + RANDOM % 12000))
        port_answers "$port" || {
            printf '%s\n' "$port"
            return
        }
    done
    return 1
}
