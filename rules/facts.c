/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for why a packet could not be read; they go into records and --json. */
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
	case UNREADABLE_LINKTYPE:
		return "linktype";
	case UNREADABLE_COUNT:
		break;
	}
	return "unknown";
}
