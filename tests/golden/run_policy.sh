#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Golden texts of the policy language.
#   policy/fail/NAME.conf  the findings of "check -f NAME.conf" are NAME.ok, exactly
#   policy/pass/NAME.conf  "check --print" gives NAME.print.ok, without an error,
#                          and printing that again changes nothing; where NAME.ok is
#                          there, it holds the warnings of "check -f NAME.conf"
# Usage: run_policy.sh PATH_TO_sekisho      (UPDATE=1: write what is now, then review it)

# The two families are called by name.
# shellcheck disable=SC2317
# shellcheck source=tests/golden/golden.sh
. "$(dirname "$0")/golden.sh"

must_fail() { # NAME
	timeout 60 "$sekisho" check -f "$1.conf" >"$work/out" 2>&1
	status=$?
	same "$1.ok" "$work/out" || return 1
	# 1: errors, 2: warnings only; anything else is no finding.
	if grep -q ': error: ' "$work/out"; then
		[ "$status" -eq 1 ]
	else
		[ "$status" -eq 2 ]
	fi
}

must_pass() { # NAME
	timeout 60 "$sekisho" check --print -f "$1.conf" >"$work/first.conf" 2>"$work/err"
	status=$?
	if [ "$status" -ne 0 ] && [ "$status" -ne 2 ]; then
		cat "$work/err" >&2
		return 1
	fi
	same "$1.print.ok" "$work/first.conf" || return 1
	timeout 60 "$sekisho" check --print -f "$work/first.conf" >"$work/second.conf" 2>/dev/null
	cmp "$work/first.conf" "$work/second.conf" >&2 || return 1
	[ -e "$1.ok" ] || return 0
	timeout 60 "$sekisho" check -f "$1.conf" >"$work/out" 2>&1
	same "$1.ok" "$work/out"
}

run_family() { # FOLDER FUNCTION
	cd "$here/policy/$1" || exit 2
	for file in *.conf; do
		[ -e "$file" ] || continue
		"$2" "${file%.conf}"
		verdict "policy/$1/${file%.conf}" $?
	done
}

run_family fail must_fail
run_family pass must_pass
exit "$failed"
