# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the runners of golden texts share; sourced with the runner's own arguments.
# Sets sekisho (the command), here (this folder), work (a scratch folder) and failed.
# The runners use what is set here.
# shellcheck disable=SC2034
set -u
export LC_ALL=C
unset LC_MESSAGES LANG

if [ $# -ne 1 ] || [ ! -x "$1" ]; then
	echo "usage: ${0##*/} PATH_TO_sekisho" >&2
	exit 2
fi
sekisho=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0

verdict() { # NAME STATUS
	if [ "$2" -eq 0 ]; then
		echo "PASS $1"
	else
		echo "FAIL $1"
		failed=1
	fi
}

# The golden text is this; UPDATE=1 makes it so.
same() { # EXPECTED ACTUAL
	if [ -n "${UPDATE:-}" ]; then
		cp "$2" "$1"
	fi
	diff -u "$1" "$2" >&2
}
