/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses as 128-bit numbers: comparing, cutting and counting ranges is then
 * plain arithmetic that is the same for both families.
 */
#include "rules/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* The longest text inet_pton(3) takes, and the longest part of "a-b". */
#define ADDRESS_TEXT_SIZE INET6_ADDRSTRLEN

_Static_assert(IP_RANGE_TEXT_SIZE >= 2 * INET6_ADDRSTRLEN, "a-b of two IPv6 addresses");

ip_value
address_max(enum ip_family family)
{
	switch (family) {
	case IP_NONE:
		return 0;
	case IP_V4:
		return UINT32_MAX;
	case IP_V6:
		return ~(ip_value)0;
	}
	return 0;
}

unsigned int
address_bits(enum ip_family family)
{
	switch (family) {
	case IP_NONE:
		return 0;
	case IP_V4:
		return 32;
	case IP_V6:
		return 128;
	}
	return 0;
}

/* The bits right of a prefix of this length, all set. */
static ip_value
host_mask(enum ip_family family, unsigned int length)
{
	if (length == 0)
		return address_max(family);
	return ((ip_value)1 << (address_bits(family) - length)) - 1;
}

enum address_error
address_parse(const char *text, struct ip_addr *out)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1) {
		*out = address_from_bytes(IP_V4, bytes);
		return ADDRESS_OK;
	}
	if (inet_pton(AF_INET6, text, bytes) == 1) {
		*out = address_from_bytes(IP_V6, bytes);
		return ADDRESS_OK;
	}
	return ADDRESS_BAD;
}

/* Like address_parse(), for text that does not end with a NUL. */
static enum address_error
parse_part(const char *text, size_t length, struct ip_addr *out)
{
	char copy[ADDRESS_TEXT_SIZE];

	if (length >= sizeof(copy))
		return ADDRESS_BAD;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return address_parse(copy, out);
}

/* Decimal without sign, blanks or leading zeros, at most "max". */
static bool
parse_length(const char *text, unsigned int max, unsigned int *out)
{
	unsigned int value = 0;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 3 || text[digits] != '\0')
		return false;
	if (digits > 1 && text[0] == '0')
		return false;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (unsigned int)(text[i] - '0');
	*out = value;
	return value <= max;
}

enum address_error
address_parse_prefix(const char *text, struct ip_prefix *out)
{
	const char *slash = strchr(text, '/');
	size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct ip_prefix p;
	ip_value mask;

	if (parse_part(text, length, &p.base) != ADDRESS_OK)
		return ADDRESS_BAD;
	p.length = address_bits(p.base.family);
	if (slash != NULL && !parse_length(slash + 1, p.length, &p.length))
		return ADDRESS_BAD;

	mask = host_mask(p.base.family, p.length);
	if ((p.base.value & mask) != 0) {
		p.base.value &= ~mask;
		*out = p;
		return ADDRESS_HOST_BITS;
	}
	*out = p;
	return ADDRESS_OK;
}

static enum address_error
parse_first_last(const char *text, const char *dash, struct ip_range *out)
{
	struct ip_addr first, last;

	if (parse_part(text, (size_t)(dash - text), &first) != ADDRESS_OK ||
	    address_parse(dash + 1, &last) != ADDRESS_OK || first.family != last.family)
		return ADDRESS_BAD;
	if (first.value > last.value)
		return ADDRESS_REVERSED;

	out->first = first.value;
	out->last = last.value;
	out->family = first.family;
	return ADDRESS_OK;
}

enum address_error
address_parse_range(const char *text, struct ip_range *out)
{
	const char *dash = strchr(text, '-');
	enum address_error error;
	struct ip_prefix p;

	if (dash != NULL)
		return parse_first_last(text, dash, out);

	error = address_parse_prefix(text, &p);
	if (error == ADDRESS_OK || error == ADDRESS_HOST_BITS)
		*out = address_prefix_range(&p);
	return error;
}

struct ip_range
address_prefix_range(const struct ip_prefix *p)
{
	ip_value mask = host_mask(p->base.family, p->length);

	return (struct ip_range){
		.first = p->base.value & ~mask,
		.last = p->base.value | mask,
		.family = p->base.family,
	};
}

struct ip_range
address_single(struct ip_addr a)
{
	return (struct ip_range){ .first = a.value, .last = a.value, .family = a.family };
}

bool
address_range_is_prefix(const struct ip_range *r, unsigned int *length)
{
	ip_value mask = r->first ^ r->last;
	unsigned int host_bits = 0;

	/* A prefix: the ends differ in the low bits only, all 0 in first, all 1 in last. */
	if (r->family == IP_NONE || (mask & (mask + 1)) != 0 || (r->first & mask) != 0)
		return false;
	for (; mask != 0; mask >>= 1)
		host_bits++;
	*length = address_bits(r->family) - host_bits;
	return true;
}

bool
address_range_contains(const struct ip_range *outer, const struct ip_range *inner)
{
	return outer->family == inner->family && outer->family != IP_NONE &&
	    outer->first <= inner->first && inner->last <= outer->last;
}

bool
address_range_holds(const struct ip_range *r, const struct ip_addr *a)
{
	return r->family == a->family && r->family != IP_NONE && r->first <= a->value &&
	    a->value <= r->last;
}

int
address_compare(const struct ip_addr *a, const struct ip_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return (a->value > b->value) - (a->value < b->value);
}

int
address_range_compare(const struct ip_range *a, const struct ip_range *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return (a->last < b->last) - (a->last > b->last);
}

bool
address_range_intersect(
    const struct ip_range *a, const struct ip_range *b, struct ip_range *out)
{
	ip_value first = a->first > b->first ? a->first : b->first;
	ip_value last = a->last < b->last ? a->last : b->last;

	if (a->family != b->family || a->family == IP_NONE || first > last)
		return false;
	out->family = a->family;
	out->first = first;
	out->last = last;
	return true;
}

size_t
address_to_bytes(enum ip_family family, ip_value value, uint8_t out[16])
{
	size_t n = address_bits(family) / 8;

	for (size_t i = n; i > 0; i--) {
		out[i - 1] = (uint8_t)value;
		value >>= 8;
	}
	return n;
}

struct ip_addr
address_from_bytes(enum ip_family family, const uint8_t *bytes)
{
	struct ip_addr a = { .value = 0, .family = family };
	size_t n = address_bits(family) / 8;

	for (size_t i = 0; i < n; i++)
		a.value = a.value << 8 | bytes[i];
	return a;
}

/* inet_ntop(3) of glibc prints each number with a format; records have many. */
static void
print_v4(const uint8_t bytes[4], char *buf)
{
	for (size_t i = 0; i < 4; i++) {
		if (bytes[i] >= 100)
			*buf++ = (char)('0' + bytes[i] / 100);
		if (bytes[i] >= 10)
			*buf++ = (char)('0' + bytes[i] / 10 % 10);
		*buf++ = (char)('0' + bytes[i] % 10);
		*buf++ = i < 3 ? '.' : '\0';
	}
}

const char *
address_print(const struct ip_addr *a, char *buf)
{
	uint8_t bytes[16];

	if (a->family == IP_NONE)
		return memcpy(buf, "-", sizeof("-"));
	address_to_bytes(a->family, a->value, bytes);
	/* Cannot fail: the buffer holds any. */
	if (a->family == IP_V4)
		print_v4(bytes, buf);
	else
		inet_ntop(AF_INET6, bytes, buf, IP_RANGE_TEXT_SIZE);
	return buf;
}

const char *
address_print_range(const struct ip_range *r, char *buf)
{
	struct ip_addr first = { .value = r->first, .family = r->family };
	struct ip_addr last = { .value = r->last, .family = r->family };
	char last_text[IP_RANGE_TEXT_SIZE];
	unsigned int length;
	size_t used;

	address_print(&first, buf);
	if (r->family == IP_NONE || r->first == r->last)
		return buf;

	used = strlen(buf);
	if (address_range_is_prefix(r, &length)) {
		snprintf(buf + used, IP_RANGE_TEXT_SIZE - used, "/%u", length);
		return buf;
	}
	address_print(&last, last_text);
	snprintf(buf + used, IP_RANGE_TEXT_SIZE - used, "-%s", last_text);
	return buf;
}
