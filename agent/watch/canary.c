/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/canary.h"

#include <string.h>

#define AT_TYPE		12u
#define AT_WORD		14u	/* whose frame it is, for who finds it on the wire */
#define AT_TAP		22u
#define AT_NUMBER	24u
#define AT_PROOF	28u
#define END		(AT_PROOF + crypto_shorthash_BYTES)

_Static_assert(END <= CANARY_BYTES, "the frame holds its proof");

static const uint8_t nearest_bridge[6] = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e };
static const uint8_t word[AT_TAP - AT_WORD] = { 's', 'e', 'k', 'i', 's', 'h', 'o', '1' };

void
canary_frame(const struct canary_key *key, size_t tap, uint32_t number, const uint8_t mac[6],
    uint8_t out[CANARY_BYTES])
{
	memset(out, 0, CANARY_BYTES);
	memcpy(out, nearest_bridge, sizeof(nearest_bridge));
	memcpy(out + 6, mac, 6);
	out[AT_TYPE] = CANARY_ETHERTYPE >> 8;
	out[AT_TYPE + 1] = CANARY_ETHERTYPE & 0xff;
	memcpy(out + AT_WORD, word, sizeof(word));
	out[AT_TAP] = (uint8_t)(tap >> 8);
	out[AT_TAP + 1] = (uint8_t)tap;
	memcpy(out + AT_NUMBER, &number, sizeof(number));
	crypto_shorthash(out + AT_PROOF, out, AT_PROOF, key->secret);
}

void
canary_init(struct canary *c, const struct canary_key *key)
{
	memset(c, 0, sizeof(*c));
	c->key = *key;
}

enum canary_news
canary_second(struct canary *c, size_t tap, bool can_leave, uint32_t sent)
{
	struct canary_tap *t = &c->taps[tap];
	bool was_missing = t->state == CANARY_MISSING;
	uint32_t due = t->due;

	t->due = sent;
	if (!can_leave) {
		/* That it is down is told by who looks at interfaces. */
		t->state = CANARY_RESTING;
		t->weighed = sent;
		t->misses = t->unsent = 0;
		return was_missing ? CANARY_BACK : CANARY_NO_NEWS;
	}
	if (t->state == CANARY_RESTING)
		t->state = CANARY_ALIVE;
	if (due > t->weighed) {
		t->unsent = 0;
		t->weighed = due;
		t->misses = t->came >= due ? 0 : t->misses + 1;
	} else if (++t->unsent >= CANARY_UNSENT) {
		t->misses = CANARY_MISSES;
	} else {
		return CANARY_NO_NEWS;
	}
	if (t->misses >= CANARY_MISSES) {
		t->state = CANARY_MISSING;
		return was_missing ? CANARY_NO_NEWS : CANARY_LOST;
	}
	if (t->misses == 0 && was_missing) {
		t->state = CANARY_ALIVE;
		return CANARY_BACK;
	}
	return CANARY_NO_NEWS;
}

bool
canary_came(struct canary *c, size_t tap, const uint8_t *bytes, uint32_t captured)
{
	struct canary_tap *t = &c->taps[tap];
	uint8_t proof[crypto_shorthash_BYTES];
	uint32_t number;

	if (captured < END || bytes[AT_TYPE] != CANARY_ETHERTYPE >> 8 ||
	    bytes[AT_TYPE + 1] != (CANARY_ETHERTYPE & 0xff))
		return false;
	memcpy(&number, bytes + AT_NUMBER, sizeof(number));
	if (bytes[AT_TAP] != (uint8_t)(tap >> 8) || bytes[AT_TAP + 1] != (uint8_t)tap ||
	    number <= t->came)
		return false;
	crypto_shorthash(proof, bytes, AT_PROOF, c->key.secret);
	if (sodium_memcmp(proof, bytes + AT_PROOF, sizeof(proof)) != 0)
		return false;
	t->came = number;
	t->returned++;
	return true;
}

const char *
canary_state_name(enum canary_state state)
{
	switch (state) {
	case CANARY_RESTING:
		return "resting";
	case CANARY_ALIVE:
		return "alive";
	case CANARY_MISSING:
		return "missing";
	}
	return "?";
}
