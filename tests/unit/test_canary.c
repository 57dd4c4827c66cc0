/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/canary.h"
#include "tests/unit/unit.h"

#include <string.h>

#define TAP 7u

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
static const struct canary_key key = { .secret = "one" }, another = { .secret = "two" };

static void
frame_of(uint32_t number, uint8_t frame[CANARY_BYTES])
{
	canary_frame(&key, TAP, number, mac, frame);
}

static bool
comes(struct canary *c, uint32_t number)
{
	uint8_t frame[CANARY_BYTES];

	frame_of(number, frame);
	return canary_came(c, TAP, frame, sizeof(frame));
}

static void
a_canary_comes_back_once(void)
{
	struct canary c;

	canary_init(&c, &key);
	CU_ASSERT_TRUE(comes(&c, 1));
	CU_ASSERT_FALSE(comes(&c, 1));
	CU_ASSERT_TRUE(comes(&c, 3));
	CU_ASSERT_FALSE(comes(&c, 2));
	CU_ASSERT_EQUAL(c.taps[TAP].returned, 2);
}

static void
it_is_for_this_link_and_for_nobody(void)
{
	static const uint8_t head[] = { 0x01, 0x80, 0xc2, 0, 0, 0x0e, 2, 0, 0, 0, 0, 1,
	    0x88, 0xb5 };
	uint8_t frame[CANARY_BYTES];

	frame_of(1, frame);
	CU_ASSERT_EQUAL(memcmp(frame, head, sizeof(head)), 0);
	/* nobody takes it for IPv4 or IPv6 */
	CU_ASSERT(frame[14] >> 4 != 4 && frame[14] >> 4 != 6);
}

static void
none_but_ours_is_taken(void)
{
	struct canary c;
	uint8_t frame[CANARY_BYTES], foreign[CANARY_BYTES];

	canary_init(&c, &key);
	frame_of(7, frame);
	canary_frame(&another, TAP, 7, mac, foreign);
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

static void
three_missing_in_a_row_are_news_and_one_back_too(void)
{
	struct canary c;

	canary_init(&c, &key);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_RESTING);
	CU_ASSERT_EQUAL(canary_second(&c, TAP, true, 1), CANARY_NO_NEWS);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_ALIVE);
	CU_ASSERT_EQUAL(canary_second(&c, TAP, true, 2), CANARY_NO_NEWS);
	CU_ASSERT_EQUAL(canary_second(&c, TAP, true, 3), CANARY_NO_NEWS);
	CU_ASSERT_EQUAL(canary_second(&c, TAP, true, 4), CANARY_LOST);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_MISSING);
	CU_ASSERT_EQUAL(canary_second(&c, TAP, true, 5), CANARY_NO_NEWS);
	CU_ASSERT_TRUE(comes(&c, 5));
	CU_ASSERT_EQUAL(canary_second(&c, TAP, true, 6), CANARY_BACK);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_ALIVE);
}

static void
two_missing_and_one_back_are_no_news(void)
{
	struct canary c;

	canary_init(&c, &key);
	for (uint32_t n = 1; n < 60; n++) {
		CU_ASSERT_EQUAL(canary_second(&c, TAP, true, n), CANARY_NO_NEWS);
		if (n % 3 == 0)
			CU_ASSERT_TRUE(comes(&c, n));
	}
}

/* One that left just before the second was over is not weighed with it. */
static void
each_has_a_second_to_come_back(void)
{
	struct canary c;

	canary_init(&c, &key);
	for (uint32_t n = 1; n < 20; n++) {
		CU_ASSERT_EQUAL(canary_second(&c, TAP, true, n), CANARY_NO_NEWS);
		CU_ASSERT_EQUAL(c.taps[TAP].misses, 0);
		CU_ASSERT_TRUE(comes(&c, n));
	}
}

/* The sender has other things to do: nothing is missing, and nothing comes to life. */
static void
where_none_was_sent_none_is_missing(void)
{
	struct canary c;

	canary_init(&c, &key);
	CU_ASSERT_EQUAL(canary_second(&c, TAP, true, 1), CANARY_NO_NEWS);
	CU_ASSERT_TRUE(comes(&c, 1));
	for (int i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(canary_second(&c, TAP, true, 1), CANARY_NO_NEWS);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_ALIVE);
	for (uint32_t n = 2; n < 6; n++)
		(void)canary_second(&c, TAP, true, n);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_MISSING);
	for (int i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(canary_second(&c, TAP, true, 5), CANARY_NO_NEWS);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_MISSING);
}

/* For long, that is no witness any more. */
static void
a_sender_that_is_silent_for_long_is_news(void)
{
	struct canary c;
	enum canary_news news = CANARY_NO_NEWS;
	unsigned int seconds = 0;

	canary_init(&c, &key);
	(void)canary_second(&c, TAP, true, 1);
	CU_ASSERT_TRUE(comes(&c, 1));
	(void)canary_second(&c, TAP, true, 1);
	for (; news == CANARY_NO_NEWS && seconds < 2 * CANARY_UNSENT; seconds++)
		news = canary_second(&c, TAP, true, 1);
	CU_ASSERT_EQUAL(news, CANARY_LOST);
	CU_ASSERT_EQUAL(seconds, CANARY_UNSENT);
	CU_ASSERT_EQUAL(canary_second(&c, TAP, true, 2), CANARY_NO_NEWS);
	CU_ASSERT_TRUE(comes(&c, 2));
	CU_ASSERT_EQUAL(canary_second(&c, TAP, true, 3), CANARY_BACK);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_ALIVE);
}

/* Down, or without a carrier: nothing is expected, and nothing is missing. */
static void
where_nothing_can_leave_it_rests(void)
{
	struct canary c;
	uint32_t n = 1;

	canary_init(&c, &key);
	for (; n < 5; n++)
		(void)canary_second(&c, TAP, true, n);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_MISSING);
	CU_ASSERT_EQUAL(canary_second(&c, TAP, false, n), CANARY_BACK);
	CU_ASSERT_EQUAL(c.taps[TAP].state, CANARY_RESTING);
	for (int i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(canary_second(&c, TAP, false, n), CANARY_NO_NEWS);
	CU_ASSERT_EQUAL(canary_second(&c, TAP, true, n), CANARY_NO_NEWS);
	CU_ASSERT_EQUAL(canary_second(&c, TAP, true, n), CANARY_NO_NEWS);
	CU_ASSERT_EQUAL(c.taps[TAP].misses, 0);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a canary comes back once", a_canary_comes_back_once },
		{ "it is for this link and for nobody", it_is_for_this_link_and_for_nobody },
		{ "none but ours is taken", none_but_ours_is_taken },
		{ "three missing in a row are news, and one back too",
		    three_missing_in_a_row_are_news_and_one_back_too },
		{ "two missing and one back are no news", two_missing_and_one_back_are_no_news },
		{ "each has a second to come back", each_has_a_second_to_come_back },
		{ "where none was sent none is missing", where_none_was_sent_none_is_missing },
		{ "a sender that is silent for long is news",
		    a_sender_that_is_silent_for_long_is_news },
		{ "where nothing can leave it rests", where_nothing_can_leave_it_rests },
		CU_TEST_INFO_NULL,
	};

	return unit_main("canary", tests);
}
