/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of a known object are looked for in their order only, so none can come twice;
 * the names of others are remembered and compared. Every step is checked against the end.
 */
#include "agent/record/line_scan.h"

#include <string.h>

/* Nested this deep our lines never are. */
#define DEPTH_MAX	8
/* Members of an object that has no table, or that its table does not know. */
#define STRANGERS_MAX	48

enum object { ROOT = 0, ECS, EVENT, RULE, SOURCE, DESTINATION, NETWORK, OBSERVER, INGRESS,
	EGRESS, OWN, N_OBJECTS };

enum type { ANY = 0, TEXT, NUMBER, OBJECT };

/* The name as it stands in the line, with quotes and colon; then what becomes of its value. */
struct member {
	char name[18];
	uint8_t length, type;
	uint16_t place;		/* offset in struct line_fields, or enum object */
};

#define M(text, type, place) { "\"" text "\":", sizeof(text) + 2, type, place }
#define AT(field) offsetof(struct line_fields, field)

static const struct member root_members[] = {
	M("@timestamp", TEXT, AT(time)), M("message", TEXT, AT(message)), M("ecs", OBJECT, ECS),
	M("event", OBJECT, EVENT), M("rule", OBJECT, RULE), M("source", OBJECT, SOURCE),
	M("destination", OBJECT, DESTINATION), M("network", OBJECT, NETWORK),
	M("observer", OBJECT, OBSERVER), M("sekisho", OBJECT, OWN), M("hash", ANY, 0),
	M("mac", ANY, 0),
};
static const struct member ecs_members[] = { M("version", ANY, 0) };
static const struct member event_members[] = {
	M("kind", TEXT, AT(event_kind)), M("category", ANY, 0), M("type", ANY, 0),
	M("action", TEXT, AT(action)), M("outcome", TEXT, AT(outcome)), M("module", ANY, 0),
	M("id", TEXT, AT(id)), M("sequence", NUMBER, AT(sequence)),
	M("severity", NUMBER, AT(severity)), M("reason", ANY, 0), M("start", TEXT, AT(start)),
	M("end", TEXT, AT(end)), M("created", ANY, 0),
};
static const struct member rule_members[] = {
	M("id", TEXT, AT(class)), M("name", ANY, 0), M("version", ANY, 0),
};
static const struct member source_members[] = {
	M("ip", TEXT, AT(source)), M("port", NUMBER, AT(source_port)),
	M("mac", TEXT, AT(source_mac)),
};
static const struct member destination_members[] = {
	M("ip", TEXT, AT(destination)), M("port", NUMBER, AT(destination_port)),
	M("mac", TEXT, AT(destination_mac)),
};
static const struct member network_members[] = {
	M("type", ANY, 0), M("transport", TEXT, AT(transport)),
	M("iana_number", TEXT, AT(protocol)), M("packets", ANY, 0),
	M("bytes", NUMBER, AT(bytes)), M("vlan", ANY, 0), M("inner", ANY, 0),
};
static const struct member observer_members[] = {
	M("hostname", ANY, 0), M("product", ANY, 0), M("version", ANY, 0), M("type", ANY, 0),
	M("ingress", OBJECT, INGRESS), M("egress", OBJECT, EGRESS),
};
static const struct member ingress_members[] = {
	M("zone", TEXT, AT(from)), M("interface", ANY, 0),
};
static const struct member egress_members[] = {
	M("zone", TEXT, AT(to)), M("interface", ANY, 0),
};
static const struct member own_members[] = {
	M("kind", TEXT, AT(kind)), M("monotonic_ns", ANY, 0), M("verdict", ANY, 0),
	M("agg", TEXT, AT(phase)), M("key", TEXT, AT(key)), M("lost", NUMBER, AT(lost)),
	M("actor", TEXT, AT(actor)), M("count", NUMBER, AT(count)),
	M("permit", TEXT, AT(permit)), M("witness", ANY, 0), M("from_class", ANY, 0),
	M("to_class", ANY, 0), M("ethertype", TEXT, AT(ethertype)),
	M("message_ja", TEXT, AT(message_ja)), M("truncated", ANY, 0),
};

#define TABLE(members) { members, sizeof(members) / sizeof((members)[0]) }

static const struct table {
	const struct member *members;
	size_t count;
} tables[N_OBJECTS] = {
	[ROOT] = TABLE(root_members), [ECS] = TABLE(ecs_members),
	[EVENT] = TABLE(event_members), [RULE] = TABLE(rule_members),
	[SOURCE] = TABLE(source_members), [DESTINATION] = TABLE(destination_members),
	[NETWORK] = TABLE(network_members), [OBSERVER] = TABLE(observer_members),
	[INGRESS] = TABLE(ingress_members), [EGRESS] = TABLE(egress_members),
	[OWN] = TABLE(own_members),
};

struct scan {
	const char *at, *end;
	bool plain;
	int depth;
	struct line_fields *out;
};

struct strangers {
	struct line_text names[STRANGERS_MAX];
	size_t count;
};

/* s->at stands behind the opening quote, and then behind the closing one. */
static bool
scan_text(struct scan *s, struct line_text *out)
{
	const char *behind = line_text_scan(s->at, s->end, out, &s->plain);

	if (behind == NULL)
		return false;
	s->at = behind;
	return true;
}

static bool
take(struct scan *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

/* Whole numbers of at most 18 digits: they fit. */
static bool
scan_number(struct scan *s, uint64_t *out)
{
	const char *begin = s->at;
	uint64_t n = 0;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && s->at - begin < 18)
		n = n * 10 + (uint64_t)(*s->at++ - '0');
	if (s->at == begin || (*begin == '0' && s->at - begin > 1))
		return false;
	*out = n;
	/* More digits, a fraction or an exponent: not here. */
	return s->at == s->end || *s->at == ',' || *s->at == '}' || *s->at == ']';
}

static bool
scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
		return false;
	s->at += n;
	return true;
}

static bool scan_any(struct scan *s);

static bool
scan_array(struct scan *s)
{
	if (take(s, ']'))
		return true;
	do {
		if (!scan_any(s))
			return false;
	} while (take(s, ','));
	return take(s, ']');
}

/* The name of a member without a table, and its colon; false also when it came before. */
static bool
scan_stranger(struct scan *s, struct strangers *seen)
{
	struct line_text name;

	if (!take(s, '"') || !scan_text(s, &name) || name.escaped || !take(s, ':') ||
	    seen->count == STRANGERS_MAX)
		return false;
	for (size_t i = 0; i < seen->count; i++)
		if (seen->names[i].length == name.length &&
		    memcmp(seen->names[i].text, name.text, name.length) == 0)
			return false;
	seen->names[seen->count++] = name;
	return true;
}

static bool
scan_strange_object(struct scan *s)
{
	struct strangers seen;

	seen.count = 0;
	if (take(s, '}'))
		return true;
	do {
		if (!scan_stranger(s, &seen) || !scan_any(s))
			return false;
	} while (take(s, ','));
	return take(s, '}');
}

static bool
scan_nested(struct scan *s, bool (*scan)(struct scan *s))
{
	bool good;

	s->at++;
	if (s->depth == DEPTH_MAX)
		return false;
	s->depth++;
	good = scan(s);
	s->depth--;
	return good;
}

static bool
scan_any(struct scan *s)
{
	struct line_text text;
	uint64_t number;

	if (s->at == s->end)
		return false;
	switch (*s->at) {
	case '"':
		s->at++;
		return scan_text(s, &text);
	case '{':
		return scan_nested(s, scan_strange_object);
	case '[':
		return scan_nested(s, scan_array);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	case '-':
		s->at++;
		return scan_number(s, &number);
	default:
		return scan_number(s, &number);
	}
}

/* Names have 5 to 17 bytes: two loads that overlap compare them. */
static bool
names(const struct scan *s, const struct member *m)
{
	const char *p = s->at, *name = m->name;
	size_t n = m->length;
	uint64_t a, b, c, d;

	if ((size_t)(s->end - p) < n || p[1] != name[1])
		return false;
	if (n < 8 || n > 16)
		return memcmp(p, name, n) == 0;
	memcpy(&a, p, 8);
	memcpy(&b, name, 8);
	memcpy(&c, p + n - 8, 8);
	memcpy(&d, name + n - 8, 8);
	return a == b && c == d;
}

/* The bit of a number by its place in the fields. */
static uint32_t
number_bit(size_t place)
{
	return 1u << (place - AT(sequence)) / sizeof(uint64_t);
}

bool
line_has(const struct line_fields *f, const uint64_t *number)
{
	return (f->numbers & number_bit((size_t)((const char *)number - (const char *)f))) != 0;
}

static bool scan_object(struct scan *s, enum object which);

static bool
scan_member(struct scan *s, const struct member *m)
{
	char *place = (char *)s->out + m->place;

	switch ((enum type)m->type) {
	case ANY:
		break;
	case TEXT: {
		/* Offsets of members of that type, made by offsetof(). */
		struct line_text *t = (struct line_text *)(void *)place;

		if (!take(s, '"') || !scan_text(s, t))
			return false;
		if (t->escaped && t != &s->out->message && t != &s->out->message_ja)
			s->out->escaped = true;
		return true;
	}
	case NUMBER:
		s->out->numbers |= number_bit(m->place);
		return scan_number(s, (uint64_t *)(void *)place);
	case OBJECT:
		return take(s, '{') && scan_object(s, (enum object)m->place);
	}
	return scan_any(s);
}

/* A name that the table does not know at all: whatever it does know stands out of order. */
static bool
scan_unknown(struct scan *s, const struct table *t, struct strangers *seen)
{
	const char *begin = s->at;

	if (!scan_stranger(s, seen))
		return false;
	for (size_t i = 0; i < t->count; i++)
		if (t->members[i].length == s->at - begin &&
		    memcmp(t->members[i].name, begin, t->members[i].length) == 0)
			return false;
	return scan_any(s);
}

/* Behind its brace. Known objects nest as their tables say. */
static bool
scan_object(struct scan *s, enum object which)
{
	const struct table *t = &tables[which];
	struct strangers seen;
	size_t next = 0;

	seen.count = 0;
	if (take(s, '}'))
		return true;
	do {
		size_t i = next;
		bool good;

		while (i < t->count && !names(s, &t->members[i]))
			i++;
		if (i < t->count) {
			s->at += t->members[i].length;
			good = scan_member(s, &t->members[i]);
			next = i + 1;
		} else {
			good = scan_unknown(s, t, &seen);
		}
		if (!good)
			return false;
	} while (take(s, ','));
	return take(s, '}');
}

bool
line_scan(const char *line, size_t length, struct line_fields *out)
{
	struct scan s = { .at = line, .end = line + length, .plain = true, .out = out };

	memset(out, 0, sizeof(*out));
	if (length > UINT32_MAX || !take(&s, '{') || !scan_object(&s, ROOT))
		return false;
	out->plain = s.plain;
	return s.at == s.end;
}

static void
fill(const json_t *object, enum object which, struct line_fields *out)
{
	const struct table *t = &tables[which];

	for (size_t i = 0; i < t->count; i++) {
		const struct member *m = &t->members[i];
		char *place = (char *)out + m->place;
		const json_t *value = json_object_getn(object, m->name + 1, m->length - 3u);

		if (m->type == OBJECT && json_is_object(value))
			fill(value, (enum object)m->place, out);
		else if (m->type == TEXT && json_is_string(value))
			*(struct line_text *)(void *)place = (struct line_text){
			    .text = json_string_value(value),
			    .length = (uint32_t)json_string_length(value) };
		else if (m->type == NUMBER && json_is_integer(value)) {
			out->numbers |= number_bit(m->place);
			if (json_integer_value(value) > 0)
				*(uint64_t *)(void *)place =
				    (uint64_t)json_integer_value(value);
		}
	}
}

void
line_fields_of(const json_t *record, struct line_fields *out)
{
	memset(out, 0, sizeof(*out));
	if (json_is_object(record))
		fill(record, ROOT, out);
}
