/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Four 32-bit words compared at once, where the processor can. */
#ifndef AGENT_WATCH_LANES_H
#define AGENT_WATCH_LANES_H

#include <stdint.h>

#define LANES	4u

/* Which of the words at p are equal to w, as bits. p is aligned to 16 bytes. */
#ifdef __SSE2__
#include <emmintrin.h>

static inline unsigned int
lanes_equal(const uint32_t *p, uint32_t w)
{
	const __m128i *words = (const __m128i *)(const void *)p;

	return (unsigned int)_mm_movemask_ps(_mm_castsi128_ps(
	    _mm_cmpeq_epi32(*words, _mm_set1_epi32((int)w))));
}
#else
static inline unsigned int
lanes_equal(const uint32_t *p, uint32_t w)
{
	unsigned int equal = 0;

	for (unsigned int i = 0; i < LANES; i++)
		equal |= (unsigned int)(p[i] == w) << i;
	return equal;
}
#endif

#endif /* AGENT_WATCH_LANES_H */
