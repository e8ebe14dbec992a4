# shellcheck shell=sh disable=SC2034
# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# For the tools: sourced, not run. Needs a POSIX shell, apt, and root or sudo.

library=$(CDPATH='' cd -- "$library" && pwd)
repository=$(CDPATH='' cd -- "$library/../.." && pwd)

# Debian roots belong to root and are shared; the rest is the user's
system_cache=${OMEMO_SYSTEM_CACHE:-/var/cache/omemo-plugin}
user_cache=${OMEMO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/omemo-plugin}

say() {
	printf '\033[1m==>\033[0m %s\n' "$*" >&2
}

die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	else
		die "this needs root: $*
Run it as root, or install sudo."
	fi
}

# package_list NAME: the packages of tools/lib/packages/NAME.txt
package_list() {
	sed 's/#.*//' "$library/packages/$1.txt" | tr -s ' \t\n' ' '
}

suite_of_machine() {
	# shellcheck disable=SC1091
	(. /etc/os-release && printf '%s\n' "${VERSION_CODENAME:-}")
}

# need LIST...: install what is missing of these lists
need() {
	missing=
	for list in "$@"; do
		for package in $(package_list "$list"); do
			state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) || state=
			case $state in
			ii*) ;;
			*) missing="$missing $package" ;;
			esac
		done
	done
	[ -n "$missing" ] || return 0
	say "Installing from Debian:$missing"
	case " $missing " in
	*' prosody '*) without_service prosody install_packages "$missing" ;;
	*) install_packages "$missing" ;;
	esac
}

# without_service NAME COMMAND...: what the command installs brings a service
# that nobody asked for; it shall not run, neither now nor after a restart
without_service() {
	service=$1
	shift
	if [ -d /run/systemd/system ]; then
		as_root systemctl mask --runtime "$service" >&2 || :
	fi
	"$@"
	as_root update-rc.d "$service" disable >&2 || :
	if [ -d /run/systemd/system ]; then
		as_root systemctl unmask --runtime "$service" >&2 || :
	else
		as_root invoke-rc.d --quiet "$service" stop >&2 || :
	fi
}

install_packages() {
	# Lists may be there and old, or not at all
	# shellcheck disable=SC2086
	apt_install $1 2>/dev/null || {
		as_root apt-get update -q -o Acquire::Retries=3 >&2
		apt_install $1
	}
}

apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
		--no-install-recommends -o Acquire::Retries=3 "$@" </dev/null >&2
}
