# jars.sh: the Kafka broker, fetched from Maven Central into the cache. Needs say.sh and cache.sh. Sourced by bash.
# shellcheck shell=bash

kafka_pom=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../tests/kafka" && pwd)/pom.xml
kafka_version=$(sed -n 's:.*<kafka\.version>\(.*\)</kafka\.version>.*:\1:p' "$kafka_pom")

kafka_jars() { printf '%s/kafka-%s\n' "$(cache_dir)" "$kafka_version"; }

# Fetches the jars when they are not there; whole or not at all. Fails with Maven's own words shown.
fetch_kafka_jars() {
    [ ! -d "$(kafka_jars)" ] || return 0
    cache_locked fetch_kafka_jars_locked
}

fetch_kafka_jars_locked() {
    local jars part log
    jars=$(kafka_jars) part=$jars.part log=$(cache_dir)/maven.log
    [ ! -d "$jars" ] || return 0
    echo "fetching Kafka $kafka_version from Maven Central (about 50 MB)"
    rm -rf "$part"
    for attempt in 1 2 3; do
        if mvn -q -B -Dstyle.color=never -f "$kafka_pom" dependency:copy-dependencies "-DoutputDirectory=$part" >"$log" 2>&1; then
            mv "$part" "$jars"
            return
        fi
        [ "$attempt" = 3 ] || sleep 2
    done
    rm -rf "$part"
    show_tail "$log" 10
    return 1
}
