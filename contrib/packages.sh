# packages.sh - what headgate needs of Debian 12, and how it gets there; sourced by ./demo and ./check
#
#	. contrib/packages.sh
#	hg_packages $hg_packages_build $hg_packages_test || exit 1
#
# An entry is a package, or command:package where any command of that name will do.

hg_packages_build="gcc:gcc make:make libc6-dev autoconf:autoconf automake:automake
	libtoolize:libtool autoconf-archive pkg-config:pkg-config xz:xz-utils
	libglib2.0-dev libevent-dev libcurl4-openssl-dev libjson-c-dev libfyaml-dev
	libpcre2-dev libpq-dev libsqlite3-dev libssl-dev libsystemd-dev libgmime-3.0-dev libesmtp-dev libseccomp-dev"
# Dovecot and Exim are the mailbox and the relay of tests, Kannel a gateway of short messages; haproxy, nginx and caddy stand in front of headgate,
# with the samples of contrib/; promtool, zsh and fish read what is made for them; node and npm: webhooks are verified by the library their
# receivers use; esbuild and tsc: what runs in browsers is built again and compared; abidiff: the adapter border keeps its shape.
hg_packages_test="libcmocka-dev clang:clang ld.lld:lld llvm-cov:llvm clang-tidy:clang-tidy cppcheck:cppcheck libclang-rt-14-dev openssl:openssl curl:curl
	ca-certificates mandoc:mandoc zbarimg:zbar-tools haproxy:haproxy nginx:nginx caddy:caddy slowhttptest:slowhttptest
	promtool:prometheus zsh:zsh fish:fish
	ip:iproute2 unshare:util-linux python3-pytest python3-pytest-xdist
	python3-yaml python3-jsonschema node:nodejs npm:npm esbuild:esbuild tsc:node-typescript dovecot-imapd dovecot-lmtpd exim4-daemon-light
	bearerbox:kannel kannel-extras abidiff:abigail-tools jq:jq file:file reuse:reuse
	dh:debhelper dpkg-buildpackage:dpkg-dev fakeroot:fakeroot mmdebstrap:mmdebstrap setpriv:util-linux"

# What looks at the chat widget: a whole browser, which not every machine may have.  Without it its tests are skipped.
hg_packages_browser="chromium:chromium chromedriver:chromium-driver python3-selenium fonts-dejavu-core"

# The server that the tests of PostgreSQL start for themselves; the cluster Debian makes with it is not started.
hg_packages_postgresql="postgresql"

# What installs real helpdesks into a Debian root of their own: ./check --helpdesks.
hg_packages_helpdesks="debootstrap:debootstrap unshare:util-linux"

# Prints the packages that are missing.
hg_packages_missing() {
	for hg_entry; do
		case $hg_entry in
		*:*) command -v "${hg_entry%%:*}" >/dev/null 2>&1 && continue ;;
		esac
		hg_package=${hg_entry#*:}
		dpkg-query -W -f '${Status}' "$hg_package" 2>/dev/null | grep -q ' installed$' ||
			echo "$hg_package"
	done
}

# Runs as root.  No service of a new package may start while tests are prepared: policy-rc.d says
# so to Debian's scripts for as long as apt runs, and what stood there before comes back.
hg_packages_root='
	set -u
	policy=/usr/sbin/policy-rc.d
	mark="# of headgate: services stay off while its packages are installed"
	restore() {
		if grep -qs "$mark" "$policy"; then rm -f "$policy"; fi
		if [ -e "$policy.before-headgate" ]; then mv -f "$policy.before-headgate" "$policy"; fi
	}
	apt() { apt-get -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"; }
	export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
	restore		# of a run that was killed
	trap restore EXIT
	trap "exit 1" HUP INT TERM
	if [ -e "$policy" ]; then mv "$policy" "$policy.before-headgate"; fi
	printf "#!/bin/sh\n%s\nexit 101\n" "$mark" >"$policy"
	chmod 755 "$policy"
	apt -s install "$@" >/dev/null 2>&1 || apt update
	apt install -y --no-install-recommends "$@"
'

# Installs what is missing of the entries given.  Fails, after saying what to do, when it cannot.
hg_packages() {
	if ! command -v dpkg-query >/dev/null 2>&1; then
		echo "This is no Debian: what configure misses you have to install yourself." >&2
		return 0
	fi
	hg_missing=$(hg_packages_missing "$@" | tr '\n' ' ')
	[ -n "$hg_missing" ] || return 0
	if [ "$(id -u)" = 0 ]; then
		hg_sudo=
	elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
		hg_sudo=sudo
	else
		echo "Some packages are missing.  Run this as root, then try again:" >&2
		echo "  apt-get update && apt-get install -y --no-install-recommends $hg_missing" >&2
		return 1
	fi
	echo "Installing with apt: $hg_missing" >&2
	# shellcheck disable=SC2086  # words, on purpose
	if ! $hg_sudo sh -c "$hg_packages_root" sh $hg_missing >&2; then
		echo "apt failed.  Mend what it says above, or run as root:" >&2
		echo "  apt-get update && apt-get install -y --no-install-recommends $hg_missing" >&2
		return 1
	fi
}
