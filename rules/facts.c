/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of facts; they go into records and --json. */
#include "rules/facts.h"

const char *
unreadable_name(enum unreadable why)
{
	switch (why) {
	case READABLE:
		return "";
	case UNREADABLE_ETHERTYPE:
		return "ethertype";
	case UNREADABLE_TRUNCATED:
		return "truncated";
	case UNREADABLE_LENGTH:
		return "length";
	case UNREADABLE_VERSION:
		return "version";
	case UNREADABLE_VLAN_DEPTH:
		return "vlan-depth";
	case UNREADABLE_EXTENSION:
		return "extension";
	case UNREADABLE_FRAGMENT:
		return "fragment";
	case UNREADABLE_TINY:
		return "tiny-fragment";
	case UNREADABLE_OVERLAP:
		return "overlapping-fragment";
	case UNREADABLE_TUNNEL:
		return "tunnel";
	case UNREADABLE_TUNNEL_DEPTH:
		return "tunnel-depth";
	case UNREADABLE_LINKTYPE:
		return "linktype";
	case UNREADABLE_COUNT:
		break;
	}
	return "unknown";
}

const char *
tunnel_name(enum tunnel tunnel)
{
	switch (tunnel) {
	case TUNNEL_NONE:
		return "";
	case TUNNEL_IPIP:
		return "ipip";
	case TUNNEL_GRE:
		return "gre";
	case TUNNEL_ERSPAN:
		return "erspan";
	case TUNNEL_VXLAN:
		return "vxlan";
	case TUNNEL_GENEVE:
		return "geneve";
	case TUNNEL_GTP_U:
		return "gtp-u";
	case TUNNEL_TEREDO:
		return "teredo";
	case TUNNEL_COUNT:
		break;
	}
	return "unknown";
}
