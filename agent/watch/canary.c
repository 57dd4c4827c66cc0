/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/watch/canary.h"

#include <errno.h>
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

int
canary_init(struct canary *c)
{
	memset(c, 0, sizeof(*c));
	if (sodium_init() < 0)
		return -ENOMEM;
	crypto_shorthash_keygen(c->secret);
	return 0;
}

enum canary_news
canary_second(struct canary *c, size_t tap, bool can_leave)
{
	struct canary_tap *t = &c->taps[tap];
	bool was_missing = t->state == CANARY_MISSING;

	if (!can_leave) {
		/* That it is down is told by who looks at interfaces. */
		t->state = CANARY_RESTING;
		t->out = false;
		t->misses = 0;
		return was_missing ? CANARY_BACK : CANARY_NO_NEWS;
	}
	t->misses = t->out ? t->misses + 1 : 0;
	t->out = false;
	if (t->state == CANARY_RESTING)
		t->state = CANARY_ALIVE;
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

void
canary_frame(struct canary *c, size_t tap, const uint8_t mac[6], uint8_t out[CANARY_BYTES])
{
	struct canary_tap *t = &c->taps[tap];

	t->number++;
	t->out = true;
	t->sent++;
	memset(out, 0, CANARY_BYTES);
	memcpy(out, nearest_bridge, sizeof(nearest_bridge));
	memcpy(out + 6, mac, 6);
	out[AT_TYPE] = CANARY_ETHERTYPE >> 8;
	out[AT_TYPE + 1] = CANARY_ETHERTYPE & 0xff;
	memcpy(out + AT_WORD, word, sizeof(word));
	out[AT_TAP] = (uint8_t)(tap >> 8);
	out[AT_TAP + 1] = (uint8_t)tap;
	memcpy(out + AT_NUMBER, &t->number, sizeof(t->number));
	crypto_shorthash(out + AT_PROOF, out, AT_PROOF, c->secret);
}

bool
canary_came(struct canary *c, size_t tap, const uint8_t *bytes, uint32_t captured)
{
	struct canary_tap *t = &c->taps[tap];
	uint8_t proof[crypto_shorthash_BYTES];

	if (captured < END || bytes[AT_TYPE] != CANARY_ETHERTYPE >> 8 ||
	    bytes[AT_TYPE + 1] != (CANARY_ETHERTYPE & 0xff) || !t->out)
		return false;
	if (bytes[AT_TAP] != (uint8_t)(tap >> 8) || bytes[AT_TAP + 1] != (uint8_t)tap ||
	    memcmp(bytes + AT_NUMBER, &t->number, sizeof(t->number)) != 0)
		return false;
	crypto_shorthash(proof, bytes, AT_PROOF, c->secret);
	if (sodium_memcmp(proof, bytes + AT_PROOF, sizeof(proof)) != 0)
		return false;
	t->out = false;
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
