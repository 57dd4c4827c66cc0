#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Golden texts of the compiler: for every nft/NAME.conf
#   "plan --nft --at 0 -f NAME.conf" is NAME.nft.ok, exactly, in every year;
#   as root, in a network namespace of its own: nft(8) accepts the text, the kernel
#   takes it, and what is listed back loads again and lists alike. It means the same
#   whatever the time zone of whoever loads it.
# Usage: run_nft.sh PATH_TO_sekisho      (UPDATE=1: write what is now, then review it)
# shellcheck source=tests/golden/golden.sh
. "$(dirname "$0")/golden.sh"

same_text() { # NAME
	timeout 60 "$sekisho" plan --nft --at 0 -f "$1.conf" >"$work/text" 2>"$work/err" || {
		cat "$work/err" >&2
		return 1
	}
	same "$1.nft.ok" "$work/text"
}

# Runs inside the namespace: load a text and list it.
# The script of the inner shell expands there.
# shellcheck disable=SC2016
kernel_takes() {
	timeout 60 unshare -n bash -eu -c '
		list() { TZ=UTC nft list table inet sekisho; }
		nft -c -f "$1/text"
		TZ=Asia/Tokyo nft -f "$1/text"
		list >"$1/tokyo"
		nft flush ruleset
		TZ=UTC nft -f "$1/text"
		list >"$1/listed"
		nft flush ruleset
		TZ=UTC nft -f "$1/listed"
		list >"$1/again"
	' bash "$work" >&2 &&
		diff -u "$work/listed" "$work/tokyo" >&2 &&
		diff -u "$work/listed" "$work/again" >&2
}

kernel=
if ! command -v nft >/dev/null 2>&1; then
	kernel="nft is not installed"
elif ! unshare -n nft list ruleset >/dev/null 2>&1; then
	kernel="no network namespace with nf_tables (not root?)"
fi

cd "$here/nft" || exit 2
for file in *.conf; do
	[ -e "$file" ] || continue
	name=${file%.conf}
	same_text "$name"
	verdict "nft/$name" $?
	if [ -n "$kernel" ]; then
		echo "SKIP nft/$name in the kernel: $kernel"
		continue
	fi
	kernel_takes
	verdict "nft/$name in the kernel" $?
done
exit "$failed"
