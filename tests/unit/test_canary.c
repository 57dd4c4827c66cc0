/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/canary.h"
#include "tests/unit/unit.h"

#include <string.h>

#define TAP 7u

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

static void
make(struct canary *c, uint8_t frame[CANARY_BYTES])
{
	CU_ASSERT_EQUAL_FATAL(canary_init(c), 0);
	(void)canary_second(c, TAP, true);
	canary_frame(c, TAP, mac, frame);
}

static void
a_canary_comes_back_once(void)
{
	struct canary c;
	uint8_t frame[CANARY_BYTES];

	make(&c, frame);
	CU_ASSERT_TRUE(canary_came(&c, TAP, frame, sizeof(frame)));
	CU_ASSERT_FALSE(canary_came(&c, TAP, frame, sizeof(frame)));
	CU_ASSERT_EQUAL(c.taps[TAP].sent, 1);
	CU_ASSERT_EQUAL(c.taps[TAP].returned, 1);
}

static void
it_is_for_this_link_and_for_nobody(void)
{
	static const uint8_t head[] = { 0x01, 0x80, 0xc2, 0, 0, 0x0e, 2, 0, 0, 0, 0, 1,
	    0x88, 0xb5 };
	struct canary c;
	uint8_t frame[CANARY_BYTES];

	make(&c, frame);
	CU_ASSERT_EQUAL(memcmp(frame, head, sizeof(head)), 0);
	/* nobody takes it for IPv4 or IPv6 */
	CU_ASSERT(frame[14] >> 4 != 4 && frame[14] >> 4 != 6);
}

static void
none_but_the_one_on_its_way_is_taken(void)
{
	struct canary c, other;
	uint8_t frame[CANARY_BYTES], old[CANARY_BYTES], foreign[CANARY_BYTES];

	make(&c, old);
	canary_frame(&c, TAP, mac, frame);
	make(&other, foreign);
	canary_frame(&other, TAP, mac, foreign);
	CU_ASSERT_FALSE(canary_came(&c, TAP, old, sizeof(old)));
	CU_ASSERT_FALSE(canary_came(&c, TAP, foreign, sizeof(foreign)));
	CU_ASSERT_FALSE(canary_came(&c, TAP + 1, frame, sizeof(frame)));
	CU_ASSERT_FALSE(canary_came(&c, TAP, frame, 35));
	/* one changed bit anywhere in what counts */
	for (size_t bit = 0; bit < 36u * 8; bit++) {
		frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CU_ASSERT_FALSE(canary_came(&c, TAP, frame, sizeof(frame)));
		frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	CU_ASSERT_TRUE(canary_came(&c, TAP, frame, sizeof(frame)));
}

static enum canary_news
second_without_return(struct canary *c)
{
	uint8_t frame[CANARY_BYTES];
	enum canary_news news = canary_second(c, TAP, true);

	canary_frame(c, TAP, mac, frame);
	return news;
}

static void
three_missing_in_a_row_are_news_and_one_back_too(void)
{
	struct canary c;
	uint8_t frame[CANARY_BYTES];

	CU_ASSERT_EQUAL_FATAL(canary_init(&c), 0);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_RESTING);
	CU_ASSERT_EQUAL(second_without_return(&c), CANARY_NO_NEWS);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_ALIVE);
	CU_ASSERT_EQUAL(second_without_return(&c), CANARY_NO_NEWS);
	CU_ASSERT_EQUAL(second_without_return(&c), CANARY_NO_NEWS);
	CU_ASSERT_EQUAL(second_without_return(&c), CANARY_LOST);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_MISSING);
	CU_ASSERT_EQUAL(second_without_return(&c), CANARY_NO_NEWS);
	(void)canary_second(&c, TAP, true);
	canary_frame(&c, TAP, mac, frame);
	CU_ASSERT_TRUE(canary_came(&c, TAP, frame, sizeof(frame)));
	CU_ASSERT_EQUAL(canary_second(&c, TAP, true), CANARY_BACK);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_ALIVE);
}

static void
two_missing_and_one_back_are_no_news(void)
{
	struct canary c;
	uint8_t frame[CANARY_BYTES];

	CU_ASSERT_EQUAL_FATAL(canary_init(&c), 0);
	for (int round = 0; round < 10; round++) {
		CU_ASSERT_EQUAL(second_without_return(&c), CANARY_NO_NEWS);
		CU_ASSERT_EQUAL(second_without_return(&c), CANARY_NO_NEWS);
		CU_ASSERT_EQUAL(canary_second(&c, TAP, true), CANARY_NO_NEWS);
		canary_frame(&c, TAP, mac, frame);
		CU_ASSERT_TRUE(canary_came(&c, TAP, frame, sizeof(frame)));
	}
}

/* Down, or without a carrier: nothing is expected, and nothing is missing. */
static void
where_nothing_can_leave_it_rests(void)
{
	struct canary c;

	CU_ASSERT_EQUAL_FATAL(canary_init(&c), 0);
	for (int i = 0; i < 4; i++)
		(void)second_without_return(&c);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_MISSING);
	CU_ASSERT_EQUAL(canary_second(&c, TAP, false), CANARY_BACK);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_RESTING);
	for (int i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(canary_second(&c, TAP, false), CANARY_NO_NEWS);
	CU_ASSERT_EQUAL(second_without_return(&c), CANARY_NO_NEWS);
	CU_ASSERT_EQUAL(c.taps[TAP].misses, 0);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a canary comes back once", a_canary_comes_back_once },
		{ "it is for this link and for nobody", it_is_for_this_link_and_for_nobody },
		{ "none but the one on its way is taken", none_but_the_one_on_its_way_is_taken },
		{ "three missing in a row are news, and one back too",
		    three_missing_in_a_row_are_news_and_one_back_too },
		{ "two missing and one back are no news", two_missing_and_one_back_are_no_news },
		{ "where nothing can leave it rests", where_nothing_can_leave_it_rests },
		CU_TEST_INFO_NULL,
	};

	return unit_main("canary", tests);
}
