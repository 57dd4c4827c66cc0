/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packets the watcher hands on, and how many at most. */
#include "agent/watch/evidence.h"

#include "agent/watch/inspect.h"
#include "tests/unit/hex_frame.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

struct sent {
	unsigned int n;
	int answer;			/* of the next ones */
	struct packet last;
	size_t length;
	uint16_t nth[64];
};

static int
on_send(void *arg, const struct packet *p, size_t length)
{
	struct sent *s = arg;

	if (s->answer != 0)
		return s->answer;
	s->nth[s->n++ % 64] = p->nth;
	memset(&s->last, 0, sizeof(s->last));
	memcpy(&s->last, p, length);
	s->length = length;
	return 0;
}

static const struct record_evidence rules = { .packets = 4, .snap = 128, .ring_mb = 1 };

static struct evidence *
bed(struct sent *s, const struct record_evidence *with)
{
	struct evidence *e = evidence_new(on_send, s);

	memset(s, 0, sizeof(*s));
	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	if (with != NULL)
		evidence_rules(e, with);
	return e;
}

static void
take(struct evidence *e, uint64_t key, uint64_t nth, int64_t now_ns)
{
	uint8_t bytes[HEX_LONGEST];
	const uint32_t n = (uint32_t)hex_packet("e0800 4.17 u53 x5341494453414944", bytes);
	const struct sighting_frame frame = { bytes, n, n, DLT_EN10MB, 0 };
	const struct sighting s = { .time_ns = 7, .witness = WITNESS_TAP_INGRESS,
		.frame = &frame };

	evidence_take(e, key, nth, &s, "mn0", now_ns);
}

static void
balances(const struct evidence *e)
{
	const struct evidence_ledger *l = evidence_ledger(e);

	CU_ASSERT_EQUAL(l->offered, l->sent + l->limited + l->refused);
}

static void
the_first_ones_and_the_last(void)
{
	static const uint16_t wanted[] = { 1, 2, 3, 4, 0 };
	struct sent s;
	struct evidence *e = bed(&s, &rules);

	for (uint64_t n = 1; n <= 20; n++)
		take(e, 5, n, 1);
	CU_ASSERT_EQUAL(s.n, 4);
	evidence_end(e, 5, 20, 1);
	CU_ASSERT_EQUAL(s.n, 5);
	CU_ASSERT(memcmp(s.nth, wanted, sizeof(wanted)) == 0);
	/* As many as are kept anyway: there is no other last one. */
	for (uint64_t n = 1; n <= 4; n++)
		take(e, 6, n, 1);
	evidence_end(e, 6, 4, 1);
	CU_ASSERT_EQUAL(s.n, 9);
	balances(e);
	evidence_free(e);
}

static void
cut_unless_the_policy_says_more(void)
{
	struct record_evidence with = rules;
	struct sent s;
	struct evidence *e = bed(&s, NULL);

	take(e, 1, 1, 1);
	CU_ASSERT_EQUAL(s.n, 0);
	evidence_rules(e, &rules);
	take(e, 1, 1, 1);
	CU_ASSERT_EQUAL(s.last.captured, 42);
	CU_ASSERT_EQUAL(s.length, PACKET_HEAD + 42);
	CU_ASSERT_EQUAL(s.last.length, 50);
	CU_ASSERT_STRING_EQUAL(s.last.interface, "mn0");
	with.payload = true;
	evidence_rules(e, &with);
	take(e, 2, 1, 1);
	CU_ASSERT_EQUAL(s.last.captured, 50);
	CU_ASSERT(memcmp(s.last.bytes + 42, "SAIDSAID", 8) == 0);
	with.snap = 46;
	evidence_rules(e, &with);
	take(e, 3, 1, 1);
	CU_ASSERT_EQUAL(s.last.captured, 46);
	evidence_free(e);
}

/* What came while it was to be cut is not let out whole later, nor the other way round. */
static void
the_last_one_is_cut_by_the_rules_of_its_time(void)
{
	struct record_evidence with = rules;
	struct sent s;
	struct evidence *e = bed(&s, &rules);

	take(e, 9, 5, 1);
	with.payload = true;
	evidence_rules(e, &with);
	evidence_end(e, 9, 5, 1);
	CU_ASSERT_EQUAL(s.n, 0);
	CU_ASSERT_EQUAL(evidence_ledger(e)->limited, 1);
	take(e, 9, 5, 1);
	evidence_rules(e, &rules);
	evidence_end(e, 9, 5, 1);
	CU_ASSERT_EQUAL(s.n, 1);
	CU_ASSERT_EQUAL(s.last.captured, 42);
	balances(e);
	evidence_free(e);
}

static void
a_flood_is_limited_and_counted(void)
{
	const uint64_t many = 100000;
	struct sent s;
	struct evidence *e = bed(&s, &rules);

	for (uint64_t i = 0; i < many; i++)
		take(e, i, 1, SECOND);
	CU_ASSERT_EQUAL(s.n, EVIDENCE_RATE);
	CU_ASSERT_EQUAL(evidence_ledger(e)->limited, many - EVIDENCE_RATE);
	take(e, many, 1, 2 * SECOND);
	CU_ASSERT_EQUAL(s.n, EVIDENCE_RATE + 1);
	CU_ASSERT_EQUAL(s.last.not_sent, many - EVIDENCE_RATE);
	s.answer = -EAGAIN;
	take(e, many + 1, 1, 2 * SECOND);
	CU_ASSERT_EQUAL(evidence_ledger(e)->refused, 1);
	/* More violations than have a place for their last packet: each missing one counts. */
	s.answer = 0;
	for (uint64_t i = 0; i < 2ull * EVIDENCE_LAST; i++)
		take(e, i, 9, 3 * SECOND);
	for (uint64_t i = 0; i < 2ull * EVIDENCE_LAST; i++)
		evidence_end(e, i, 9, (4 + (int64_t)i) * SECOND);
	CU_ASSERT_EQUAL(evidence_ledger(e)->limited, many - EVIDENCE_RATE + EVIDENCE_LAST);
	balances(e);
	evidence_free(e);
}

static void
a_link_without_a_name_is_left_out(void)
{
	const struct sighting_frame frame = { (const uint8_t *)"x", 1, 1, 12345, 0 };
	const struct sighting s = { .witness = WITNESS_TAP_INGRESS, .frame = &frame };
	struct sent sent;
	struct evidence *e = bed(&sent, &rules);

	evidence_take(e, 1, 1, &s, "", 1);
	CU_ASSERT_EQUAL(sent.n, 0);
	CU_ASSERT_EQUAL(evidence_ledger(e)->offered, 0);
	evidence_free(e);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "the first ones and the last", the_first_ones_and_the_last },
		{ "cut unless the policy says more", cut_unless_the_policy_says_more },
		{ "the last one is cut by the rules of its time",
		  the_last_one_is_cut_by_the_rules_of_its_time },
		{ "a flood is limited and counted", a_flood_is_limited_and_counted },
		{ "a link without a name is left out", a_link_without_a_name_is_left_out },
		CU_TEST_INFO_NULL,
	};

	return unit_main("evidence", tests);
}
