#!/usr/bin/env bash
# Makes the server's image as an OCI archive, without an engine, of a folder that dotnet publish made:
#   packaging/image.sh artifacts/test/server artifacts
# It prints the archive's path. Files come from image-root.sh, as in the Dockerfile, and the settings from its last stage. Only
# HEALTHCHECK is left out: OCI's format has no such thing, and Kubernetes has probes of its own.
# It needs root, and Debian's packages mmdebstrap and umoci.
set -euo pipefail
server=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
cd "$(dirname "$0")/.."
. packaging/common.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
created=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)

packaging/image-root.sh "$server" "$work/root"
tar --create --file "$work/layer.tar" --directory "$work/root" --sort=name --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
    --format=posix --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' .

# The settings of the Dockerfile's last stage, as umoci's options.
options=(--no-history --created "$created" --architecture "$(dpkg --print-architecture)" --os linux
    --config.label "org.opencontainers.image.version=$version" --config.label "org.opencontainers.image.created=$created")
while read -r instruction value; do
    case $instruction in
        LABEL) options+=(--config.label "$(tr -d '"' <<<"$value")") ;;
        ENV) options+=(--config.env "$value") ;;
        USER) options+=(--config.user "$value") ;;
        WORKDIR) options+=(--config.workingdir "$value") ;;
        VOLUME) options+=(--config.volume "$value") ;;
        EXPOSE) options+=(--config.exposedports "$value/tcp") ;;
        STOPSIGNAL) options+=(--config.stopsignal "$value") ;;
        ENTRYPOINT) options+=(--config.entrypoint "$(tr -d '[]"' <<<"$value")") ;;
        HEALTHCHECK | COPY | FROM | '' | '#'*) ;;
        *) echo "image.sh does not know the instruction $instruction of the Dockerfile." >&2; exit 1 ;;
    esac
done < <(sed -n '/^FROM scratch/,$p' Dockerfile)

umoci init --layout "$work/image"
umoci new --image "$work/image:$version"
umoci raw add-layer --image "$work/image:$version" --history.created "$created" "$work/layer.tar"
umoci config --image "$work/image:$version" "${options[@]}"
umoci gc --layout "$work/image"
archive=$out/roster-server-$version-$(dpkg --print-architecture).oci.tar
tar --create --file "$archive" --directory "$work/image" --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
    --mtime="@$SOURCE_DATE_EPOCH" .
echo "$archive"
