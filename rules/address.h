/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and ranges of both IP families, as numbers.
 *
 * An address is one 128-bit number in host order with its family beside it:
 * IPv4 uses the low 32 bits. Ranges are inclusive on both ends, so 0.0.0.0/0
 * is 0..0xffffffff and no range is ever empty.
 */
#ifndef RULES_ADDRESS_H
#define RULES_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 ip_value;

/* Zero is "no family": a cleared range matches nothing. */
enum ip_family {
	IP_NONE = 0,
	IP_V4 = 4,
	IP_V6 = 6,
};

struct ip_addr {
	ip_value value;
	enum ip_family family;
};

struct ip_range {
	ip_value first, last;		/* inclusive, first <= last */
	enum ip_family family;
};

/* A network as written: base address and prefix length. */
struct ip_prefix {
	struct ip_addr base;
	unsigned int length;		/* 0..32 or 0..128 */
};

/* Text of the longest IPv6 range "a-b", with its NUL. */
#define IP_RANGE_TEXT_SIZE 96

/* What address_parse_range() may say beside 0. */
enum address_error {
	ADDRESS_OK = 0,
	ADDRESS_BAD,		/* not an address, prefix or range */
	ADDRESS_HOST_BITS,	/* 10.0.0.1/24: bits right of the prefix */
	ADDRESS_REVERSED,	/* 10.0.0.9-10.0.0.1 */
};

/* Largest number of the family; 0 for IP_NONE. */
ip_value address_max(enum ip_family family);

/* Number of bits, 32 or 128; 0 for IP_NONE. */
unsigned int address_bits(enum ip_family family);

/* "10.0.0.1" or "2001:db8::1" (inet_pton(3) forms); no prefix, no scope. */
enum address_error address_parse(const char *text, struct ip_addr *out);

/*
 * "a", "a/len" or "a-b". *out is written on ADDRESS_OK only, except that
 * ADDRESS_HOST_BITS also fills it with the network that was probably meant.
 */
enum address_error address_parse_range(const char *text, struct ip_range *out);

/* "a" (full length) or "a/len"; same rules as address_parse_range(). */
enum address_error address_parse_prefix(const char *text, struct ip_prefix *out);

struct ip_range address_prefix_range(const struct ip_prefix *p);
struct ip_range address_single(struct ip_addr a);

/* True, and the length, when the range is exactly one prefix. */
bool address_range_is_prefix(const struct ip_range *r, unsigned int *length);

bool address_range_contains(const struct ip_range *outer, const struct ip_range *inner);
bool address_range_holds(const struct ip_range *r, const struct ip_addr *a);
/* Order for sorting: <0, 0, >0. By family and value; of ranges the outer one first. */
int address_compare(const struct ip_addr *a, const struct ip_addr *b);
int address_range_compare(const struct ip_range *a, const struct ip_range *b);
/* False when they do not meet (or differ in family); else *out is the common part. */
bool address_range_intersect(const struct ip_range *a, const struct ip_range *b,
    struct ip_range *out);

/* Network byte order, 4 or 16 bytes; returns the number of bytes written. */
size_t address_to_bytes(enum ip_family family, ip_value value, uint8_t out[16]);
struct ip_addr address_from_bytes(enum ip_family family, const uint8_t *bytes);

/*
 * Canonical text (inet_ntop(3), RFC 5952): "10.0.0.1", "10.0.0.0/24" when the
 * range is a prefix, else "a-b". Returns buf, which must hold IP_RANGE_TEXT_SIZE.
 */
const char *address_print(const struct ip_addr *a, char *buf);
const char *address_print_range(const struct ip_range *r, char *buf);

#endif /* RULES_ADDRESS_H */
