#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# root.sh DIR: a Debian 12 root with the programs of the list, as a directory
# DIR/root (to run them natively) and as DIR/root.cpio (for the guest), and the
# sources of the packages that are built inside.  Made once; again when this
# script has changed.  Needs root, for chroot, and mmdebstrap.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:?usage: root.sh DIR}
mkdir -p "$dir"
stamp=$(cat "$0" "$here/goload.go" "$here/init" | sha256sum)
if [ "$(cat "$dir/stamp" 2>/dev/null)" = "$stamp" ]; then
	exit 0
fi
rm -rf "$dir/root" "$dir/root.cpio" "$dir/stamp"
mirror=${TRIVISOR_MIRROR:-http://deb.debian.org/debian}
packages=python3,libpython3.11-testsuite,openssl,gcc,libc6-dev,make,sqlite3
packages=$packages,nodejs,luajit,stress-ng,perl,gawk,bc,xz-utils,zstd,bzip2
packages=$packages,busybox-static,procps,golang-1.19-go,dash
sources="zlib lua5.4 hello"
set --
for path in '/usr/share/man/*' '/usr/share/locale/*' '/usr/share/doc/*' \
    '/usr/share/info/*' '/usr/lib/x86_64-linux-gnu/lib?san.so*' \
    '/usr/lib/go-1.19/pkg/linux_amd64_race/*' \
    '/usr/lib/go-1.19/pkg/linux_amd64_dynlink/*' \
    '/usr/share/go-1.19/test/*' '/usr/share/go-1.19/api/*'; do
	set -- "$@" "--dpkgopt=path-exclude=$path"
done
# shellcheck disable=SC2016 # the hook's shell expands $1
mmdebstrap --quiet --variant=minbase --include="$packages" "$@" \
    --customize-hook='mkdir "$1/sources" "$1/programs"' \
    --customize-hook='cd "$1" && chroot . sh -c "cd /sources &&
	apt-get -qq -o APT::Sandbox::User=root source --download-only '"$sources"'"' \
    --customize-hook='rm -f "$1"/sources/*.asc "$1"/sources/*.dsc' \
    --format=directory bookworm "$dir/root" \
    "deb $mirror bookworm main" "deb-src $mirror bookworm main"
# Only what the Go compiler makes goes into the guest.
cp "$here/goload.go" "$dir/root/programs/"
chroot "$dir/root" env HOME=/root GOCACHE=/tmp/go CGO_ENABLED=0 \
    /usr/lib/go-1.19/bin/go build -o /programs/goload /programs/goload.go
rm -rf "$dir/root/usr/lib/go-1.19" "$dir/root/usr/share/go-1.19" \
    "$dir/root/tmp/go" "$dir/root/var/lib/apt/lists" "$dir/root/root/go"
mkdir "$dir/root/var/lib/apt/lists"
cp "$here/init" "$dir/root/init"
"$here/pack" "$dir/root" "$dir/root.cpio"
echo "$stamp" >"$dir/stamp"
