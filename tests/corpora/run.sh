#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Captures that nobody here made, through "sekisho replay": no crash, no finding
# of a sanitizer, none over the time limit, the own reader and libpcap give the
# identical stream of judgements, and no 5-tuple differs from tcpdump's. Then the
# same captures damaged: truncated at every byte, and with flipped bits. FZ-01, FZ-02, FZ-04
# of the acceptance list, over the captures that are there.
#
#   tests/corpora/run.sh BUILD_FOLDER
# Captures lie in SEKISHO_CORPORA, or in corpora/ of a folder "shared" beside the tree.
set -u
here=$(cd "$(dirname "$0")" && pwd)
corpora=${SEKISHO_CORPORA:-$here/../../../shared/corpora}
# seconds; a sanitizer's start is most of it
LIMIT=5

# One capture: both readers, then once more as seen from one zone's wire.
judge_one() {
	local out=$2/${3##*/} code
	timeout "$LIMIT" "$1" replay -f "$here/policy.conf" --json "$3" \
		>"$out.auto" 2>"$out.err"
	code=$?
	timeout "$LIMIT" "$1" replay -f "$here/policy.conf" --reader libpcap --json "$3" \
		>"$out.libpcap" 2>>"$out.err"
	[ $? -eq $code ] || echo "$3: the readers end differently" >>"$out.bad"
	cmp -s "$out.auto" "$out.libpcap" || echo "$3: the readers differ" >>"$out.bad"
	case $code in
	0 | 1 | 3) ;;
	*) echo "$3: exit status $code" >>"$out.bad" ;;
	esac
	timeout "$LIMIT" "$1" replay -f "$here/policy.conf" --tap lgwan "$3" \
		>/dev/null 2>>"$out.err"
	case $? in
	0 | 1 | 3) ;;
	*) echo "$3: trouble with --tap" >>"$out.bad" ;;
	esac
	grep -l 'Sanitizer\|runtime error' "$out.err" >>"$out.bad"
	[ -s "$out.bad" ] || rm -f "$out.bad"
}

if [ "${1:-}" = --one ]; then
	judge_one "$2" "$3" "$4"
	exit 0
fi

sekisho=$1/sekisho
decode=$1/tests/corpora/decode_captures
asan=$here/../../build/asan
[ -x "$asan/sekisho" ] && sekisho=$asan/sekisho
[ -x "$asan/tests/corpora/decode_captures" ] && decode=$asan/tests/corpora/decode_captures
if [ ! -d "$corpora" ]; then
	echo "SKIP corpora/replay: no captures at $corpora"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

find "$corpora" -name '*.pcap' -o -name '*.pcapng' | sort >"$work.list"
tr '\n' '\0' <"$work.list" |
	xargs -0 -n 1 -P "$(nproc)" "$here/run.sh" --one "$sekisho" "$work"
captures=$(wc -l <"$work.list")
judgements=$(cat "$work"/*.auto | wc -l)
if [ "$captures" -eq 0 ] || [ "$judgements" -eq 0 ]; then
	sort "$work"/*.err | uniq | head -n 5
	echo "FAIL corpora/replay: nothing was judged"
elif ls "$work"/*.bad >/dev/null 2>&1; then
	cat "$work"/*.bad
	echo "FAIL corpora/replay"
else
	echo "PASS corpora/replay: $captures captures, $judgements judgements, twice the same"
fi

if tr '\n' '\0' <"$work.list" |
	xargs -0 "$decode" damage "$here/policy.conf" >"$work/damage" 2>&1; then
	echo "PASS corpora/damage: $(cat "$work/damage")"
else
	tail -n 30 "$work/damage"
	echo "FAIL corpora/damage"
fi

if command -v tcpdump >/dev/null; then
	/usr/bin/python3 "$here/five_tuples.py" "$decode" <"$work.list"
else
	echo "SKIP corpora/five-tuples: no tcpdump here"
fi
rm -f "$work.list"
