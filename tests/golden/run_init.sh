#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What "sekisho init" writes. init/MODEL.ok is the policy of that model, exactly: it has
# no finding, no opening between zones, and none either once its examples are taken in.
# Usage: run_init.sh PATH_TO_sekisho      (UPDATE=1: write what is now, then review it)

# shellcheck source=tests/golden/golden.sh
. "$(dirname "$0")/golden.sh"

# No such interfaces: the networks of the examples stand in their place.
zones=mynumber=skm0,lgwan=skl0,internet=ski0,mgmt=skg0,ext_lbo=skx0,lgwan=skl1

model() { # NAME
	"$sekisho" init --model "$1" --interfaces "$zones" >"$work/$1.conf" || return 1
	same "$here/init/$1.ok" "$work/$1.conf" || return 1
	"$sekisho" check -f "$work/$1.conf" >&2 || return 1
	"$sekisho" plan --nft -f "$work/$1.conf" >"$work/nft" || return 1
	! grep -q 'goto permit' "$work/nft" || return 1
	sed 's/^#|//' "$work/$1.conf" >"$work/full.conf"
	"$sekisho" check -f "$work/full.conf" >&2
}

# Wrong words are told, and write nothing.
refused() { # STATUS WORD ...
	local want=$1
	shift
	"$sekisho" init "$@" >"$work/out" 2>"$work/err"
	[ $? -eq "$want" ] && [ ! -s "$work/out" ] && [ -s "$work/err" ]
}

arguments() {
	refused 64 --model gamma --interfaces "$zones" &&
		refused 64 --model alpha &&
		refused 64 --model alpha --interfaces mynumber &&
		refused 64 --model alpha --interfaces nozone=eth1 &&
		refused 64 --model alpha --interfaces 'ext_"=eth1' &&
		refused 64 --model alpha --interfaces mynumber=eth1,lgwan=eth1 &&
		refused 64 --model alpha --interfaces 'mynumber=et"h1' &&
		refused 64 --model alpha --interfaces mynumber=a-very-long-name
}

file() {
	"$sekisho" init --model alpha --interfaces mynumber=skm0 -o "$work/new.conf" >/dev/null &&
		"$sekisho" check -f "$work/new.conf" >&2 || return 1
	cp "$work/new.conf" "$work/before"
	refused 1 --model beta --interfaces mynumber=skm0 -o "$work/new.conf" &&
		cmp "$work/before" "$work/new.conf" >&2
}

# Networks of the interface itself, where it has some.
addresses() {
	# shellcheck disable=SC2016 # the inner shell's own word
	unshare -n sh -c 'ip link set lo up && ip link add skm0 type veth peer name skp0 &&
		ip address add 10.77.3.9/20 dev skm0 && ip -6 address add 2001:db8:77::9/64 dev skm0 &&
		"$0" init --model alpha --interfaces mynumber=skm0' "$sekisho" >"$work/real" || return 1
	grep -q 'networks = \[ "10.77.0.0/20", "2001:db8:77::/64" \];' "$work/real" &&
		grep -q 'gateway  = \[ "10.77.3.9", "2001:db8:77::9" \];' "$work/real" &&
		! grep -q '192.0.2' "$work/real" && "$sekisho" check -f "$work/real" >&2
}

for name in alpha alpha_prime beta beta_prime media_only; do
	model "$name"
	verdict "init/$name" $?
done
arguments
verdict init/arguments $?
file
verdict init/file $?
if unshare -n true 2>/dev/null; then
	addresses
	verdict init/addresses $?
else
	echo "SKIP init/addresses needs root"
fi
exit "$failed"
