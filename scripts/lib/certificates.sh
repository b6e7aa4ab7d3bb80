# certificates.sh: certificates for tests, made by openssl. Sourced by bash.
# shellcheck shell=bash

# authority DIR NAME: NAME.pem and NAME.key, which sign others.
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 3650 -subj "/CN=$2" \
        -keyout "$1/$2.key" -out "$1/$2.pem"
}

# certificate DIR AUTHORITY NAME CN SAN: NAME.pem and NAME.key for a server or a client, such as
# certificate DIR ca server localhost DNS:localhost,IP:127.0.0.1
certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -subj "/CN=$4" \
        -keyout "$1/$3.key" -out "$1/$3.csr" &&
        openssl x509 -req -in "$1/$3.csr" -CA "$1/$2.pem" -CAkey "$1/$2.key" -CAcreateserial -days 3650 \
            -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$5") -out "$1/$3.pem"
}

# test_certificates DIR: an authority ("ca"), a server of this machine ("server"), one of another name that it signed
# too ("elsewhere"), a client ("client", its key also encrypted: client-encrypted.key), and an authority that signed
# nothing ("other-ca").
test_certificates() {
    mkdir -p "$1"
    authority "$1" ca && authority "$1" other-ca &&
        certificate "$1" ca server localhost DNS:localhost,IP:127.0.0.1 &&
        certificate "$1" ca elsewhere elsewhere.example DNS:elsewhere.example &&
        certificate "$1" ca client tributary DNS:tributary &&
        openssl pkcs8 -topk8 -in "$1/client.key" -passout "pass:$(cat "$1/../password")" -out "$1/client-encrypted.key"
}
