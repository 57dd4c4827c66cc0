/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any sequence of fragments: what the table says is held against a model that
 * remembers every byte of a packet, and nothing is inherited that no first
 * fragment of the same packet ever had. Six bytes of input make one fragment.
 */
#include "agent/watch/fragments.h"
#include "tests/fuzz/decode_promises.h"

#include <netinet/in.h>

#define IDS		4u
#define UNITS		144u		/* of 8 bytes, of the largest packet made here */
#define TRACKED		64u		/* room for all, so that nothing is forgotten */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * One packet, unit by unit: number of the fragment that brought it, 0: none. The
 * last unit of a packet may be short; nothing else can begin in it.
 */
struct model {
	uint8_t owner[UNITS];
	uint32_t begin[256], end[256];
	unsigned int n;
	uint32_t last;			/* its end, 0: not known */
	bool first, overlap;
	uint16_t dport;
};

static struct facts
fragment_of(const uint8_t *p)
{
	struct facts f;

	facts_clear(&f);
	f.src.family = f.dst.family = IP_V4;
	f.src.value = 1;
	f.dst.value = 2;
	f.protocol = IPPROTO_UDP;
	f.fragment_id = p[0] % IDS;
	f.fragment_offset = (p[1] % 128u) * 8;
	f.fragment_bytes = (p[2] % 16u + 1) * 8;
	f.flags = f.fragment_offset == 0 ? FACT_FRAGMENT_FIRST | FACT_HAS_PORTS :
	    FACT_FRAGMENT_LATER;
	if ((p[3] & 3u) == 0) {
		f.flags |= FACT_FRAGMENT_LAST;
		f.fragment_bytes -= p[4] % 8u;
	}
	if (f.fragment_offset == 0) {
		f.sport = 7;
		f.dport = (uint16_t)(f.fragment_id * 16 + p[5] % 4u);
	}
	return f;
}

static bool
is_whole(const struct model *m)
{
	for (uint32_t i = 0; i * 8 < m->last; i++)
		if (m->owner[i] == 0)
			return false;
	return m->last != 0;
}

static bool
is_repeat(const struct model *m, const struct facts *f)
{
	uint32_t begin = f->fragment_offset, end = begin + f->fragment_bytes;
	bool last = (f->flags & FACT_FRAGMENT_LAST) != 0;
	unsigned int owner = m->owner[begin / 8];

	return owner != 0 && m->begin[owner] == begin && m->end[owner] == end &&
	    last == (m->last == end) && (begin != 0 || !m->first || m->dport == f->dport);
}

static bool
is_new(const struct model *m, const struct facts *f)
{
	uint32_t begin = f->fragment_offset, end = begin + f->fragment_bytes;
	bool last = (f->flags & FACT_FRAGMENT_LAST) != 0;

	for (uint32_t i = begin / 8; i < UNITS; i++)
		if (m->owner[i] != 0 && (i * 8 < end || last))
			return false;
	return m->last == 0 || (!last && end < m->last);
}

/* True: the model takes it for an overlap. */
static bool
model_add(struct model *m, const struct facts *f)
{
	bool repeat = is_repeat(m, f);

	if ((!repeat || m->overlap) && is_whole(m)) {
		memset(m, 0, sizeof(*m));
		repeat = false;
	}
	if (repeat)
		return m->overlap;
	if (!is_new(m, f)) {
		m->overlap = true;
		return true;
	}
	m->n++;
	must(m->n < 256);
	m->begin[m->n] = f->fragment_offset;
	m->end[m->n] = f->fragment_offset + f->fragment_bytes;
	memset(m->owner + f->fragment_offset / 8, (int)m->n, (f->fragment_bytes + 7) / 8);
	if (f->flags & FACT_FRAGMENT_LAST)
		m->last = m->end[m->n];
	return m->overlap;
}

static void
check(struct model *m, const struct facts *before, const struct facts *f)
{
	bool overlap;

	/* With its list full the table may say overlap where there is none, and from
	 * then on it and the model know different things. */
	if (m->n >= FRAGMENTS_PIECES) {
		must(!(f->flags & FACT_PORTS_INHERITED) || f->dport / 16 == f->fragment_id);
		return;
	}
	overlap = model_add(m, before);
	must(overlap == (f->unreadable == UNREADABLE_OVERLAP));
	if (overlap) {
		must((f->flags & FACT_PORTS_INHERITED) == 0);
		return;
	}
	if (before->flags & FACT_FRAGMENT_FIRST) {
		must(same_bytes(before, f, sizeof(*f)));
		m->first = true;
		m->dport = f->dport;
		return;
	}
	must(m->first == ((f->flags & FACT_PORTS_INHERITED) != 0));
	must(!m->first || (f->dport == m->dport && f->sport == 7));
	must(m->first || (f->flags & FACT_HAS_PORTS) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model *models = calloc(IDS, sizeof(*models));
	struct fragments *t = fragments_new(TRACKED), *small = fragments_new(1);
	struct fragments_ledger l;
	size_t n = 0;

	must(models != NULL && t != NULL && small != NULL);
	for (; size >= 6 && n < 250; data += 6, size -= 6, n++) {
		struct facts f = fragment_of(data), before = f;

		fragments_track(t, &f, 1, (int64_t)n);
		check(&models[f.fragment_id], &before, &f);
		/* one bucket only: forgets, but never mixes two packets up */
		f = before;
		fragments_track(small, &f, data[5], (int64_t)n);
		must(!(f.flags & FACT_PORTS_INHERITED) || f.dport / 16 == f.fragment_id);
	}
	fragments_ledger(t, &l);
	must(l.evicted == 0 && l.firsts + l.inherited + l.orphans + l.overlaps == n);
	fragments_free(small);
	fragments_free(t);
	free(models);
	return 0;
}
