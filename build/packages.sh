# Sourced by the scripts that install Debian's packages.
# shellcheck shell=bash

# What starts with the machine: links of systemd (but for masks), and of System V's init.
services_at_start() {
    find /etc/systemd/system -type l ! -lname /dev/null 2>/dev/null | sort
    compgen -G '/etc/rc[2-5].d/S*' || true
}

# install_packages [OPTION…] PACKAGE…: installs packages, and nothing more. Their services are not started, and do not start with
# the machine, and that of PostgreSQL makes no cluster. Fails if something that was not there before starts with the machine.
install_packages() (
    set -euo pipefail
    policy=/usr/sbin/policy-rc.d
    clusters=/etc/postgresql-common/createcluster.conf
    before=$(services_at_start)
    saved=$(mktemp -d)
    new_services() { comm -13 <(sort <<<"$before") <(services_at_start | sort); }

    # Also if the installation fails or is interrupted.
    finish() {
        local status=$? file left
        rm -f "$policy"
        for file in "$policy" "$clusters"; do
            if [ -e "$saved/$(basename "$file")" ]; then cp -p "$saved/$(basename "$file")" "$file"; fi
        done
        rm -rf "$saved"
        while read -r file; do
            case $file in
                */rc?.d/*) update-rc.d "$(sed 's|.*/S..||' <<<"$file")" disable ;;
                *) if command -v systemctl; then systemctl disable "$(basename "$file")"
                   else deb-systemd-helper disable "$(basename "$file")"; fi ;;
            esac >/dev/null 2>&1 || true # a link that is left is found below
        done < <(new_services)
        left=$(new_services)
        if [ -n "$left" ]; then
            printf 'The installation of %s makes these start with the machine:\n%s\n' "$*" "$left" >&2
            status=1
        fi
        exit "$status"
    }
    if [ -e "$policy" ]; then cp -p "$policy" "$saved"; fi
    trap 'finish "$@"' EXIT

    export DEBIAN_FRONTEND=noninteractive
    rm -f "$policy"
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    apt-get update -qq
    if [[ " $* " == *" postgresql"* ]]; then
        apt-get install -y -qq --no-install-recommends postgresql-common
        cp -p "$clusters" "$saved"
        echo "create_main_cluster = false" >>"$clusters"
    fi
    apt-get install -y -qq "$@"
) </dev/null
