# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # shared with who sources it
#
# Sourced by ./try and ./check: from a fresh clone to a built tree in build/.
# Needs $top.  Everything it installs, it lists first.

# What configure asks for, then what the scripts and the guest need.
build_packages="gcc libc6-dev make autoconf automake pkg-config acpica-tools
	libev-dev libjson-c-dev libxml2-dev libcapstone-dev libcmocka-dev
	libseccomp-dev"
guest_packages="debian-archive-keyring ca-certificates xz-utils"
# The tests' freestanding guests are 32-bit programs too; binutils and
# Capstone's headers check the decoder; the shells run their completion;
# virt-install prints domain XML for ours to judge.
test_packages="gcc-multilib binutils python3 clang zsh fish strace virtinst"

say()
{
	echo "$(basename "$0"): $*" >&2
}

die()
{
	say "$@"
	exit 1
}

missing_packages()
{
	for package in "$@"; do
		status=$(dpkg-query -W -f='${db:Status-Status}\n' "$package" \
		    2>/dev/null | grep -x installed | head -n 1) || :
		[ -n "$status" ] || printf '%s ' "$package"
	done
}

# install_packages PACKAGE...: what is not there yet, as root or by sudo.
install_packages()
{
	command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
	    die "this needs Debian or Ubuntu (apt-get); elsewhere install the" \
		"libraries that ./configure names and build by hand"
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	say "installing: $missing"
	command="apt-get install -y --no-install-recommends $missing"
	if [ "$(id -u)" -eq 0 ]; then
		sudo=
	elif command -v sudo >/dev/null; then
		sudo=sudo
	else
		say "neither root nor sudo here; have somebody run this first:"
		echo "  apt-get update && $command" >&2
		exit 1
	fi
	# shellcheck disable=SC2086 # lists on purpose
	if ! { $sudo apt-get -qq update &&
	    $sudo env DEBIAN_FRONTEND=noninteractive $command >&2; }; then
		say "could not install them; have somebody run this as root:"
		echo "  apt-get update && $command" >&2
		exit 1
	fi
}

cpus()
{
	nproc 2>/dev/null || echo 2
}

# build_tree [CONFIGURE-OPTION...]: configure where needed, then make.
build_tree()
{
	[ -x "$top/configure" ] || (cd "$top" && autoreconf -fi) >&2 ||
	    die "autoreconf failed"
	mkdir -p "$top/build"
	if [ ! -x "$top/build/config.status" ] || ! configured_with "$@"; then
		(cd "$top/build" && ../configure -q "$@") >&2 ||
		    die "configure failed: see build/config.log"
	fi
	make -C "$top/build" -j"$(cpus)" -s all >&2 ||
	    die "the build failed"
}

configured_with()
{
	config=$("$top/build/config.status" --config)
	for option in "$@"; do
		case $config in
		*"$option"*) ;;
		*) return 1 ;;
		esac
	done
}
