#!/bin/sh
# Makes an authority of one's own, and a certificate for each of server, worker and Web UI, in a folder.
# What is there is kept: run it again after a certificate was removed.
set -eu
umask 077
folder=${1:?name a folder: sh docker/certificates.sh certificates}
days=${2:-825}
mkdir -p "$folder"
cd "$folder"

if [ ! -f ca.key ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
        -keyout ca.key -out ca.pem -subj "/CN=exitflow authority" \
        -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign"
fi
for name in temporal worker ui; do
    [ -f "$name.pem" ] && continue
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
        -keyout "$name.key" -out "$name.csr" -subj "/CN=$name"
    printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth,serverAuth\nsubjectAltName=DNS:%s\n' "$name" \
        > "$name.ext"
    openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "$days" \
        -extfile "$name.ext" -out "$name.pem"
    rm "$name.csr" "$name.ext"
    # Read inside containers by users of their own; outside the folder keeps everybody off.
    chmod 0444 "$name.key" "$name.pem"
done
chmod 0444 ca.pem
