#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Fetches the guest that ./try, the tests and the benchmarks boot: Debian's
# own cloud kernel and a static busybox, by `apt-get download' through a
# private apt root.  That root has its own sources, lists and Debian's own
# keyring, so the host's apt is neither asked nor changed, and a host that
# runs Ubuntu, or an i386 package on an amd64 host, is no different.
#
# What was once fetched stays in ${XDG_CACHE_HOME:-~/.cache}/trivisor/guests
# (or TRIVISOR_CACHE) and is used again: without asking the mirror for a
# week, and after that whenever the mirror does not answer.
set -eu

usage()
{
	cat <<-END
	usage: fetch-guest.sh [-a ARCH] [-r] COMMAND
	  kernel OUT [PACKAGE]   Debian's cloud kernel image (bzImage), or the one
	                         that PACKAGE (linux-image-rt-amd64, ...) names,
	                         from the suite or its security updates
	  busybox OUT            the static busybox
	  initramfs OUT [-i INIT] [FILE=PATH]...
	                         an initramfs: busybox, acpid, button module;
	                         INIT replaces /init, each FILE goes to PATH
	  unpack PACKAGE... DIR  unpack any packages of the same suite
	  version                the kernel's release, e.g. 6.1.0-32-cloud-amd64
	  -a ARCH  architecture of the packages (amd64)
	  -r       ask the mirror again even if the cache is fresh
	environment: TRIVISOR_CACHE, TRIVISOR_SUITE (bookworm), TRIVISOR_MIRROR,
	  TRIVISOR_SECURITY_MIRROR (the mirror's name with -security)
	END
}

say()
{
	echo "fetch-guest: $*" >&2
}

die()
{
	say "$@"
	exit 1
}

arch=amd64
refresh=
while getopts a:rh opt; do
	case $opt in
	a) arch=$OPTARG ;;
	r) refresh=yes ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -ge 1 ] || { usage >&2; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
suite=${TRIVISOR_SUITE:-bookworm}
cache=${TRIVISOR_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/trivisor/guests}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
store=$cache/$suite-$arch
apt=$store/apt
mkdir -p "$store/debs" "$apt/lists/partial" "$apt/archives/partial"
# Two builds that fetch at once must not tread on each other.
exec 9>"$store/lock"
flock 9
work=$(mktemp -d "$store/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# The mirror: TRIVISOR_MIRROR, else what a Debian host itself uses, else
# Debian's own.
mirror()
{
	if [ -n "${TRIVISOR_MIRROR:-}" ]; then
		echo "$TRIVISOR_MIRROR"
		return
	fi
	found=
	if grep -qs '^ID=debian' /etc/os-release; then
		found=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
		    /etc/apt/sources.list.d/*.sources 2>/dev/null |
		    sed -n -e 's/^URIs:[[:space:]]*//p' \
			-e 's/^deb[[:space:]]\(\[[^]]*\][[:space:]]*\)*//p' |
		    tr -s ' \t' '\n' |
		    grep -E '^https?://.*/debian/?$' | head -n 1) || found=
	fi
	echo "${found:-http://deb.debian.org/debian}"
}

write_apt_conf()
{
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -r "$keyring" ] || die "$keyring is missing:" \
	    "install the package debian-archive-keyring"
	command -v apt-get >/dev/null || die "apt-get is missing:" \
	    "the guest comes from Debian's archive by apt-get download"
	cat >"$apt/sources.list" <<-END
	deb [signed-by=$keyring] $(mirror) $suite main
	END
	if [ -n "${security:-}" ]; then
		from=${TRIVISOR_SECURITY_MIRROR:-$(mirror |
		    sed 's,/*$,-security,')}
		echo "deb [signed-by=$keyring] $from $suite-security main" \
		    >>"$apt/sources.list"
	fi
	: >"$apt/status"
	{
		cat <<-END
		Dir "$apt";
		Dir::Etc "$apt";
		Dir::Etc::main "/dev/null";
		Dir::Etc::parts "/dev/null";
		Dir::Etc::sourcelist "$apt/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::Etc::trusted "$keyring";
		Dir::Etc::trustedparts "/dev/null";
		Dir::State "$apt";
		Dir::State::lists "$apt/lists";
		Dir::State::status "$apt/status";
		Dir::Cache "$apt";
		Dir::Cache::archives "$apt/archives";
		Dir::Cache::pkgcache "";
		Dir::Cache::srcpkgcache "";
		Dir::Log "$apt";
		APT::Architecture "$arch";
		APT::Architectures "$arch";
		APT::Sandbox::User "root";
		APT::Get::List-Cleanup "false";
		Acquire::Languages "none";
		Acquire::Retries "1";
		Acquire::http::Timeout "30";
		Acquire::https::Timeout "30";
		END
		# A proxy or a certificate that the host's apt needs, we need.
		apt-config dump 2>/dev/null |
		    grep -Ei '^Acquire::(https?::)?(Proxy|CaInfo|CaPath)' || :
		apt-config dump 2>/dev/null |
		    grep -Ei '^Acquire::https?::[^ ]*(Proxy|Verify)' || :
	} >"$apt/apt.conf"
}

run_apt()
{
	APT_CONFIG="$apt/apt.conf" LC_ALL=C "$@"
}

# The pauses between tries: a mirror may hiccup.  Where the cache can stand in
# for it, one try is enough.
pauses()
{
	if [ -n "$deb" ]; then
		echo 0
	else
		echo 1 3 6 0
	fi
}

# The package lists, once per run at most.
update_lists()
{
	[ -z "${lists_done:-}" ] || return 0
	write_apt_conf
	for pause in $(pauses); do
		if run_apt apt-get -qq -o APT::Update::Error-Mode=any \
		    update >"$work/apt.log" 2>&1 9>&-; then
			lists_done=yes
			return 0
		fi
		sleep "$pause"
	done
	sed 's/^/fetch-guest: /' "$work/apt.log" >&2
	return 1
}

# What linux-image-cloud-amd64 and its like depend on is the kernel itself.
kernel_package()
{
	run_apt apt-cache depends --important "$1" |
	    sed -n 's/^ *Depends: *\(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1
}

download()
{
	(
		cd "$work"
		for pause in $(pauses); do
			if run_apt apt-get -qq download "$1" \
			    >apt.log 2>&1 9>&-; then
				exit 0
			fi
			sleep "$pause"
		done
		sed 's/^/fetch-guest: /' apt.log >&2
		exit 1
	)
}

fresh()
{
	[ -z "$refresh" ] && [ -e "$1" ] &&
	    [ -n "$(find "$1" -newermt '7 days ago' 2>/dev/null)" ]
}

# fetch NAME: sets $deb to the newest .deb of a package ("kernel" is the one
# that linux-image-cloud-ARCH names; with $security, NAME names a kernel so).  $store/NAME.current remembers it.
fetch()
{
	current=$store/$1.current
	deb=
	if [ -r "$current" ] && [ -r "$store/debs/$(cat "$current")" ]; then
		deb=$store/debs/$(cat "$current")
		if fresh "$current"; then
			return 0
		fi
	fi
	if fetch_new "$1"; then
		return 0
	fi
	[ -n "$deb" ] || die "$1: cannot be fetched from $(mirror), and" \
	    "$cache holds none: check the network, or name another mirror" \
	    "with TRIVISOR_MIRROR"
	say "$1: the mirror does not answer; using $(basename "$deb")"
	touch "$current"
}

fetch_new()
{
	update_lists || return 1
	package=$1
	if [ "$1" = kernel ]; then
		package=$(kernel_package "linux-image-cloud-$arch")
	elif [ -n "${security:-}" ]; then
		package=$(kernel_package "$1")
	fi
	[ -n "$package" ] || return 1
	say "fetching $package ($suite, $arch) from $(mirror)"
	download "$package" || return 1
	set -- "$1" "$work/${package}_"*.deb
	[ -r "$2" ] || return 1
	deb=$store/debs/$(basename "$2")
	mv "$2" "$deb"
	basename "$deb" >"$current.new"
	mv "$current.new" "$current"
}

# unpacked NAME: sets $tree to a directory with the package's files.
unpacked()
{
	fetch "$1"
	tree=$store/tree/$(basename "$deb" .deb)
	if [ ! -e "$tree/.complete" ]; then
		rm -rf "$tree"
		mkdir -p "$tree"
		dpkg-deb -x "$deb" "$tree"
		: >"$tree/.complete"
	fi
}

need_kernel()
{
	unpacked "${1:-kernel}"
	kernel_tree=$tree
	kernel_image=$(ls "$tree"/boot/vmlinuz-*) ||
	    die "$(basename "$deb"): holds no boot/vmlinuz"
	release=${kernel_image##*/vmlinuz-}
}

need_busybox()
{
	unpacked busybox-static
	busybox=$(ls "$tree/bin/busybox" "$tree/usr/bin/busybox" 2>/dev/null |
	    head -n 1)
	[ -n "$busybox" ] || die "$(basename "$deb"): holds no busybox"
}

# Copy to a temporary name first: a reader never sees half a file.
deliver()
{
	cp "$1" "$2.new.$$"
	mv "$2.new.$$" "$2"
}

# add_module NAME...: the module and what it depends on, in load order; one
# that is built in, or that this kernel does not have, needs no file.
add_module()
{
	for module in "$@"; do
		file=$(find "$kernel_tree/lib/modules" -name "$module.ko" \
		    -o -name "$module.ko.xz" -o -name "$module.ko.zst" |
		    head -n 1)
		[ -n "$file" ] || continue
		case " $(cat "$root/etc/modules") " in
		*" $module "*) continue ;;
		esac
		copy_module "$file" "$root/lib/modules/$module.ko"
		deps=$("$busybox" strings -n 8 "$root/lib/modules/$module.ko" |
		    sed -n 's/^depends=//p' | tr ',' ' ')
		# A subshell, for the recursion's variables are not ours.
		# shellcheck disable=SC2086 # a list on purpose
		(add_module $deps)
		printf '%s ' "$module" >>"$root/etc/modules"
	done
}

copy_module()
{
	case $1 in
	*.xz) xz -dc "$1" >"$2" ;;
	*.zst) zstd -dc "$1" >"$2" ;;
	*) cp "$1" "$2" ;;
	esac
}

build_initramfs()
{
	out=$1
	shift
	init=$here/guest-init.sh
	if [ "${1:-}" = -i ]; then
		init=$2
		shift 2
	fi
	need_kernel
	need_busybox
	root=$work/root
	mkdir -p "$root/bin" "$root/dev" "$root/etc" "$root/proc" \
	    "$root/sys" "$root/tmp" "$root/root" "$root/lib/modules"
	ln -s bin "$root/sbin"
	cp "$busybox" "$root/bin/busybox"
	"$busybox" --list | while read -r applet; do
		[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
	done
	: >"$root/etc/modules"
	add_module button evdev
	cp "$init" "$root/init"
	chmod 755 "$root/init"
	for pair in "$@"; do
		case $pair in
		?*=/?*) ;;
		*) die "\"$pair\": expected FILE=/PATH/IN/GUEST" ;;
		esac
		mkdir -p "$root$(dirname "${pair#*=}")"
		cp "${pair%%=*}" "$root${pair#*=}"
	done
	# One time stamp for all: the same input gives the same initramfs.
	find "$root" -exec touch -h -d @1 {} +
	(cd "$root" && find . | LC_ALL=C sort |
	    "$busybox" cpio -o -H newc -R 0:0 \
		--renumber-inodes --ignore-devno 2>/dev/null) >"$work/initramfs"
	gzip -n -1 "$work/initramfs"
	deliver "$work/initramfs.gz" "$out"
}

case $1 in
kernel)
	[ $# -eq 2 ] || [ $# -eq 3 ] || { usage >&2; exit 2; }
	security=${3:+yes}
	need_kernel "${3:-kernel}"
	deliver "$kernel_image" "$2"
	;;
busybox)
	[ $# -eq 2 ] || { usage >&2; exit 2; }
	need_busybox
	deliver "$busybox" "$2"
	;;
initramfs)
	[ $# -ge 2 ] || { usage >&2; exit 2; }
	shift
	build_initramfs "$@"
	;;
unpack)
	[ $# -ge 3 ] || { usage >&2; exit 2; }
	shift
	for last in "$@"; do :; done
	mkdir -p "$last"
	while [ $# -gt 1 ]; do
		fetch "$1"
		dpkg-deb -x "$deb" "$last"
		shift
	done
	;;
version)
	need_kernel
	echo "$release"
	;;
*)
	usage >&2
	exit 2
	;;
esac
