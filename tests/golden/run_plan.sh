#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Golden texts of what a change means: for every plan/NAME.old.conf and NAME.new.conf
# "plan --against NAME.old.conf -f NAME.new.conf" is NAME.en.ok in English, NAME.ja.ok in
# Japanese and NAME.json.ok with --json; against itself neither changes anything.
# Usage: run_plan.sh PATH_TO_sekisho      (UPDATE=1: write what is now, then review it)
# shellcheck source=tests/golden/golden.sh
. "$(dirname "$0")/golden.sh"

plan() { # LOCALE OLD NEW [OPTION]
	LC_ALL=$1 timeout 60 "$sekisho" plan --against "$2" -f "$3" ${4+"$4"} \
		>"$work/out" 2>/dev/null
}

same_plan() { # NAME
	plan C "$1.old.conf" "$1.new.conf" && same "$1.en.ok" "$work/out" &&
		plan ja_JP.UTF-8 "$1.old.conf" "$1.new.conf" && same "$1.ja.ok" "$work/out" &&
		plan C "$1.old.conf" "$1.new.conf" --json && same "$1.json.ok" "$work/out"
}

no_plan() { # FILE
	plan C "$1" "$1" && [ "$(cat "$work/out")" = "nothing changes in what the policy says" ]
}

cd "$here/plan" || exit 2
for file in *.new.conf; do
	name=${file%.new.conf}
	same_plan "$name" && no_plan "$name.old.conf" && no_plan "$name.new.conf"
	verdict "plan/$name" $?
done
exit "$failed"
