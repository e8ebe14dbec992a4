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

# package_list NAME: the packages of tools/lib/packages/NAME.txt; build-depends is
# what debian/control says that a build needs
package_list() {
	case $1 in
	build-depends)
		sed -n '/^Build-Depends:/,/^[^ ]/s/^ \([a-z0-9.+-]*\).*/\1/p' \
			"$repository/debian/control" | sed 's/^debhelper-compat$/debhelper/' ;;
	*) sed 's/#.*//' "$library/packages/$1.txt" ;;
	esac | tr -s ' \t\n' ' '
}

# copy_sources FOLDER: copy what git knows, and what it would not ignore
copy_sources() {
	# A file that was deleted is in git still
	# shellcheck disable=SC2016 # it is for the shell in there
	git -C "$repository" ls-files -z --cached --others --exclude-standard | (
		cd "$repository" || exit
		xargs -0 sh -c 'for name do
			[ ! -e "$name" ] && [ ! -L "$name" ] || printf "%s\0" "$name"
		done' sh | xargs -0 cp --parents --no-dereference --target-directory "$1"
	)
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
			ii*) continue ;;
			esac
			# It may be on several lists
			case "$missing " in
			*" $package "*) ;;
			*) missing="$missing $package" ;;
			esac
		done
	done
	[ -n "$missing" ] || return 0
	say "Installing from Debian, once (a minute or two):$missing"
	begin=$(date +%s)
	case " $missing " in
	*' prosody '*) without_service prosody install_packages "$missing" ;;
	*) install_packages "$missing" ;;
	esac
	say "Installed after $(($(date +%s) - begin)) s"
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

# install_packages NAMES: what apt prints is shown when it fails
install_packages() {
	apt=$(mktemp -d)
	status=0
	# Lists may be there and old, or not at all
	# shellcheck disable=SC2086
	apt_get install $1 || {
		say "Asking Debian for its lists of packages"
		apt_get update && apt_get install $1
	} || status=$?
	[ "$status" -eq 0 ] || tail -n 20 "$apt/log" >&2
	rm -rf "$apt"
	return "$status"
}

# apt_get COMMAND...
apt_get() {
	: >"$apt/status"
	tell_progress "$apt/status" run_apt "$@"
}

# sudo closes what is not one of the three standard files, and so the file for apt's
# status is opened behind it
run_apt() {
	# shellcheck disable=SC2016 # it is for the shell in there
	as_root env DEBIAN_FRONTEND=noninteractive \
		sh -c 'exec apt-get -q -y --no-install-recommends -o Acquire::Retries=3 \
			-o DPkg::Lock::Timeout=600 -o APT::Status-Fd=3 "$@" 3>"$0"' \
		"$apt/status" "$@" </dev/null >"$apt/log" 2>&1
}

# tell_progress FILE COMMAND...: every ten seconds, say what the last line of FILE is,
# which is a log or apt's status
tell_progress() {
	file=$1
	shift
	{
		told=0
		# It does not hear Ctrl-C
		while sleep 10 >/dev/null 2>&1 && kill -0 "$$" 2>/dev/null; do
			told=$((told + 10))
			printf '    %3d s: %s\n' "$told" "$(last_line "$file")"
		done
	} >&2 9>&- &
	teller=$!
	told_status=0
	"$@" || told_status=$?
	kill "$teller" 2>/dev/null || :
	return "$told_status"
}

# last_line FILE: of apt's "pmstatus:NAME:PERCENT:TEXT", the percentage and the text
last_line() {
	tail -n 1 "$1" | cut -c -72 |
		sed -E 's/^(dl|pm)status:[^ ]*:([0-9]+)\.[0-9]+:/\2 %: /'
}
