/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clear text and weak protocols where the My Number zone is concerned (ZV-13),
 * by what the first bytes say and not by the port alone: HTTPS on 8080, SMB 2
 * and SNMPv3 are none.
 */
#include "agent/watch/detect_state.h"

#include <netinet/in.h>
#include <string.h>

#define PORT_FTP	21u
#define PORT_TELNET	23u
#define PORT_POP3	110u
#define PORT_IMAP	143u
#define PORT_SNMP	161u
#define PORT_TRAP	162u
#define PORT_LDAP	389u

#define TELNET_IAC	0xffu	/* RFC 854: a command follows */
#define BER_INTEGER	0x02u
#define BER_SEQUENCE	0x30u
#define SNMP_V3		3u
#define LDAP_BIND	0x60u	/* RFC 4511 4.2: [APPLICATION 0] */
#define LDAP_SIMPLE	0x80u
#define SMB_NEGOTIATE	0x72u

/* Beside the tags of permits in the same table. */
#define DETECT_CLEAR_KIND	0xc1ea0000u

struct clear_kind {
	const char *name;
	bool (*is)(struct cursor c);
	uint16_t ports[2];	/* of the server; 0: any */
	uint8_t protocol;
	bool either_way;	/* the server's words tell too */
};

static uint8_t
upper(uint8_t byte)
{
	return byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - 32) : byte;
}

/* The payload begins with the word, whatever its case. */
static bool
begins(const struct cursor *c, const char *word)
{
	uint32_t n = (uint32_t)strlen(word);
	const uint8_t *p = cursor_peek(c, n);

	if (p == NULL)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (upper(p[i]) != (uint8_t)word[i])
			return false;
	return true;
}

static bool
begins_any(const struct cursor *c, const char *const *words)
{
	for (; *words != NULL; words++)
		if (begins(c, *words))
			return true;
	return false;
}

/* Option negotiation, which every telnet begins with. */
static bool
is_telnet(struct cursor c)
{
	const uint8_t *p = cursor_peek(&c, 3);

	return p != NULL && p[0] == TELNET_IAC && p[1] >= 0xfb && p[1] <= 0xfe;
}

/* CONNECT is a proxy's, and what follows it is TLS. */
static bool
is_http(struct cursor c)
{
	static const char *const methods[] = { "GET ", "POST ", "HEAD ", "PUT ",
		"DELETE ", "OPTIONS ", "PATCH ", "TRACE ", "PROPFIND ", NULL };
	const uint8_t *p = cursor_peek(&c, 1);

	/* methods are written in capitals, RFC 9110 9.1 */
	return p != NULL && p[0] >= 'A' && p[0] <= 'Z' && begins_any(&c, methods);
}

/* A name or a password: after STARTTLS, AUTH TLS or STLS nobody sees them. */
static bool
is_ftp(struct cursor c)
{
	static const char *const words[] = { "USER ", "PASS ", NULL };

	return begins_any(&c, words);
}

static bool
is_pop3(struct cursor c)
{
	static const char *const words[] = { "USER ", "PASS ", "APOP ", "AUTH PLAIN",
		NULL };

	return begins_any(&c, words);
}

/* RFC 9051: a tag, then the command. */
static bool
is_imap(struct cursor c)
{
	static const char *const words[] = { "LOGIN ", "AUTHENTICATE PLAIN",
	    "AUTHENTICATE LOGIN", NULL };
	const uint8_t *p;

	for (unsigned int tag = 0; tag < 32; tag++) {
		p = cursor_take(&c, 1);
		if (p == NULL || p[0] < ' ')
			return false;
		if (p[0] == ' ')
			return tag > 0 && begins_any(&c, words);
	}
	return false;
}

/* Tag and length of one BER element (X.690 8.1); *c moves to its content. */
static bool
take_ber(struct cursor *c, uint8_t tag, uint32_t *size)
{
	const uint8_t *p = cursor_take(c, 2);
	unsigned int more;

	if (p == NULL || p[0] != tag)
		return false;
	*size = p[1];
	if (p[1] < 0x80)
		return true;
	more = p[1] & 0x7fu;
	p = cursor_take(c, more);
	if (more == 0 || more > 4 || p == NULL)
		return false;
	*size = 0;
	for (unsigned int i = 0; i < more; i++)
		*size = *size << 8 | p[i];
	return true;
}

/* One-byte integers are all that is asked for here. */
static bool
take_small(struct cursor *c, uint8_t *value)
{
	uint32_t size;
	const uint8_t *p;

	if (!take_ber(c, BER_INTEGER, &size) || size != 1)
		return false;
	p = cursor_take(c, 1);
	if (p == NULL)
		return false;
	*value = p[0];
	return true;
}

static bool
is_snmp(struct cursor c)
{
	uint32_t size;
	uint8_t version;

	return take_ber(&c, BER_SEQUENCE, &size) && take_small(&c, &version) &&
	    version < SNMP_V3;
}

/* A simple bind with a password in it; an anonymous one gives nothing away. */
static bool
is_ldap(struct cursor c)
{
	uint32_t size;
	uint8_t version;

	if (!take_ber(&c, BER_SEQUENCE, &size) || !take_ber(&c, BER_INTEGER, &size) ||
	    size > 4 || cursor_take(&c, size) == NULL ||
	    !take_ber(&c, LDAP_BIND, &size) || !take_small(&c, &version) ||
	    !take_ber(&c, 0x04, &size) || cursor_take(&c, size) == NULL)
		return false;
	return take_ber(&c, LDAP_SIMPLE, &size) && size > 0;
}

/* Windows asks for SMB 2 in a request that looks like SMB 1 (MS-SMB2 3.2.4.2.2.1). */
static bool
offers_smb2(const struct cursor *c)
{
	return memmem(c->at, c->captured, "SMB 2.", 6) != NULL;
}

static bool
is_smb1(struct cursor c)
{
	const uint8_t *p;

	if (cursor_take(&c, 4) == NULL)		/* session header, RFC 1002 4.3.1 */
		return false;
	p = cursor_peek(&c, 5);
	return p != NULL && memcmp(p, "\xffSMB", 4) == 0 &&
	    (p[4] != SMB_NEGOTIATE || !offers_smb2(&c));
}

static const struct clear_kind kinds[] = {
	{ "telnet", is_telnet, { PORT_TELNET, 0 }, IPPROTO_TCP, true },
	{ "ftp", is_ftp, { PORT_FTP, 0 }, IPPROTO_TCP, false },
	{ "http", is_http, { 0, 0 }, IPPROTO_TCP, false },
	{ "pop3", is_pop3, { PORT_POP3, 0 }, IPPROTO_TCP, false },
	{ "imap", is_imap, { PORT_IMAP, 0 }, IPPROTO_TCP, false },
	{ "snmp v1/v2c", is_snmp, { PORT_SNMP, PORT_TRAP }, IPPROTO_UDP, true },
	{ "smb v1", is_smb1, { 139, 445 }, IPPROTO_TCP, true },
	{ "ldap simple bind", is_ldap, { PORT_LDAP, 0 }, IPPROTO_TCP, false },
};

static bool
on_port(const struct clear_kind *k, uint16_t port)
{
	return port == k->ports[0] || (k->ports[1] != 0 && port == k->ports[1]);
}

static const struct clear_kind *
kind_of(const struct detect_packet *p)
{
	const struct facts *f = p->facts;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct clear_kind *k = &kinds[i];

		if (f->protocol == k->protocol &&
		    (k->ports[0] == 0 || on_port(k, f->dport) ||
		    (k->either_way && on_port(k, f->sport))) && k->is(p->payload))
			return k;
	}
	return NULL;
}

void
detect_clear(struct detect *d, const struct detect_packet *p)
{
	const struct checked_detector *c = &d->checked->detect.clear_text;
	struct detection found = { .zv = ZV_13_CLEAR_TEXT, .action = ACTION_BEHAVIOUR,
	    .severity = c->severity, .from = p->seen->in, .to = p->judgement->out,
	    .permit = detect_permit(p) };
	const struct clear_kind *k;
	struct detect_key_pair key;
	uint64_t packets;

	if (!c->on || (detect_class(d, p->seen->in) != ZONE_CLASS_MYNUMBER &&
	    detect_class(d, p->judgement->out) != ZONE_CLASS_MYNUMBER))
		return;
	k = kind_of(p);
	if (k == NULL)
		return;
	memset(&key, 0, sizeof(key));
	key.src = p->facts->src.value;
	key.dst = p->facts->dst.value;
	key.what = (uint64_t)DETECT_CLEAR_KIND | (uint64_t)(k - kinds) << 8;
	key.family = (uint64_t)p->facts->src.family;
	if (detect_sum_add(d, &key, detect_table_hash(&d->tables[TABLE_SUM], &key),
	    p->facts, 1, c, &packets) != NULL)
		detect_tell(d, p, &found, "%s", k->name);
}
