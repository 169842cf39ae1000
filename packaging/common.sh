# What the scripts beside this one have in common. They source it from the repository's root.
# shellcheck shell=bash

# The version has one place.
version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' Directory.Build.props)

# Files have the time of the last commit, so that the same sources make the same bytes.
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
fi
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C

# The lines of a list, without its comments.
list() { grep -v -e '^#' -e '^$' "packaging/$1"; }

# install_server PUBLISHED FOLDER: the server's files, as they are in every package.
install_server() {
    local file
    for file in $(list server.files); do
        case $file in *.Server) mode=755 ;; *) mode=644 ;; esac
        install -D -m "$mode" "$1/$file" "$2/$file"
    done
}

# Sets the time of a tree's files. Programs that pack it sort the names themselves.
settle() { find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +; }
