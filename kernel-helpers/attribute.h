/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attributes of a netlink message, read by copying, with every length checked: the
 * bytes may be hostile, and need not be aligned.
 */
#ifndef KERNEL_HELPERS_ATTRIBUTE_H
#define KERNEL_HELPERS_ATTRIBUTE_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct attribute {
	const uint8_t *bytes;		/* NULL: not there */
	size_t length;
};

/* The next one of a list, its type in *type. 1; 0: the list is over; -1: it is broken. */
static inline int
attribute_next(struct attribute *list, unsigned int *type, struct attribute *out)
{
	struct nlattr a;
	size_t whole;

	if (list->length == 0)
		return 0;
	if (list->length < NLA_HDRLEN)
		return -1;
	memcpy(&a, list->bytes, sizeof(a));
	if (a.nla_len < NLA_HDRLEN || a.nla_len > list->length)
		return -1;
	*type = a.nla_type & NLA_TYPE_MASK;
	*out = (struct attribute){ list->bytes + NLA_HDRLEN, (size_t)a.nla_len - NLA_HDRLEN };
	/* The last one need not be padded. */
	whole = NLA_ALIGN((size_t)a.nla_len);
	if (whole > list->length)
		whole = list->length;
	list->bytes += whole;
	list->length -= whole;
	return 1;
}

/* Those of types below n, the last of each; false: the list is broken. */
static inline bool
attributes_take(struct attribute list, struct attribute *out, size_t n)
{
	struct attribute a;
	unsigned int type;
	int r;

	for (r = attribute_next(&list, &type, &a); r == 1; r = attribute_next(&list, &type, &a))
		if (type < n)
			out[type] = a;
	return r == 0;
}

/* In the byte order it came in; 0 for what is no number of 32 bits. */
static inline uint32_t
attribute_u32(const struct attribute *a)
{
	uint32_t value = 0;

	if (a->bytes != NULL && a->length == sizeof(value))
		memcpy(&value, a->bytes, sizeof(value));
	return value;
}

/* NUL terminated and cut to size; "" when it is not there. */
static inline void
attribute_text(const struct attribute *a, char *out, size_t size)
{
	size_t n = a->bytes == NULL ? 0 : strnlen((const char *)a->bytes, a->length);

	if (n >= size)
		n = size - 1;
	if (n > 0)
		memcpy(out, a->bytes, n);
	out[n] = '\0';
}

static inline bool
attribute_is(const struct attribute *a, const char *text)
{
	size_t n = strlen(text);

	return a->bytes != NULL && a->length >= n && a->length <= n + 1 &&
	    memcmp(a->bytes, text, n) == 0;
}

#endif /* KERNEL_HELPERS_ATTRIBUTE_H */
