/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The detectors of behaviour: the numbers of "detect", or their defaults.
 *
 * A default stands where published ones stand, or on the strict side of them: what
 * is counted here are only packets that reached a gateway between closed zones,
 * not all of a network. They find, they never stop anything; so behaviour is a notice.
 */
#include "rules/check_internal.h"

#include "rules/limits.h"
#include "rules/violation_class.h"

#include <stddef.h>
#include <string.h>

/* A week: what is counted is kept in memory that a restart empties. */
#define SECONDS_MAX	UINT64_C(604800)
#define KIB		UINT64_C(1024)
/* Below 2^60: no limit needs more digits. */
#define AMOUNT_DIGITS	18u
/*
 * Openings at random moments (a Poisson process) have spacings that vary by 100
 * percent of their mean; half of that is no even pace any more.
 */
#define JITTER_MAX	50u

struct detector_row {
	const char *name;
	size_t written, checked;	/* offsets */
	uint64_t limit, limit_min, limit_max;
	uint32_t seconds;
	bool bytes;			/* limit counts bytes and takes K, M, G, T */
	uint8_t severity;
};

#define ROW(member) \
	.name = #member, .written = offsetof(struct policy_detect, member), \
	.checked = offsetof(struct checked_detect, member)
#define COUNTS(n, least) .limit = (n), .limit_min = (least), .limit_max = LIMIT_DETECT_COUNT
#define BYTES(n, least, most) \
	.bytes = true, .limit = (n), .limit_min = (least), .limit_max = (most)

static const struct detector_row rows[] = {
	/*
	 * Zeek counts 25 hosts with failed attempts of one source: in 15 minutes
	 * (the package simple-scan), in 5 (policy/misc/scan.zeek, addr_scan_*).
	 */
	{ ROW(scan_hosts), COUNTS(25, 2), .seconds = 900, .severity = SEVERITY_NOTICE },
	/* Zeek, policy/misc/scan.zeek: port_scan_threshold, port_scan_interval. */
	{ ROW(scan_ports), COUNTS(15, 2), .seconds = 300, .severity = SEVERITY_NOTICE },
	/*
	 * Elastic's rule "Potential Network Sweep Detected" began with 10 hosts on
	 * such services in 9 minutes; inside one network it had to go to 100
	 * (elastic/detection-rules pull request 4443). Zones are crossed more rarely.
	 */
	{ ROW(lateral), COUNTS(10, 2), .seconds = 600, .severity = SEVERITY_NOTICE },
	/*
	 * RITA (default_config.hjson, scoring.beacon) looks at pairs with 4 openings
	 * or more in a day, and takes spacings within 5 percent for one. We see them
	 * live and ask for three times as many in an hour, and allow the 10 percent
	 * of jitter that implants are commonly set to.
	 */
	{ ROW(beacon), COUNTS(12, 4), .seconds = 3600, .severity = SEVERITY_NOTICE },
	/*
	 * Ozery, Nadler, Shabtai: Information-based heavy hitters (arXiv 2307.02614)
	 * tell exfiltration from 0.7 byte/s on, which is 2.5 KiB an hour. They estimate
	 * information, we count bytes of names: four times as many.
	 */
	{ ROW(dns_tunnel), BYTES(10 * KIB, 256, KIB * KIB * KIB), .seconds = 3600,
	    .severity = SEVERITY_NOTICE },
	/*
	 * No published number: what is much depends on the permit. 10 GiB a day are
	 * 120 kB/s all day long, more than the exchanges of a city's systems beside
	 * their backups (which want a limit of their own making).
	 */
	{ ROW(bulk), BYTES(10 * KIB * KIB * KIB, KIB, KIB * KIB * KIB * KIB * KIB),
	    .seconds = 86400, .severity = SEVERITY_NOTICE },
	/*
	 * One packet tells: a property of a protocol, not of behaviour. The same pair
	 * is told again after five minutes.
	 */
	{ ROW(clear_text), COUNTS(1, 1), .seconds = 300, .severity = SEVERITY_WARNING },
	/*
	 * IEEE 802.1D-2004 table 7-5: a bridge forgets after 300 s where a station was.
	 * One that shows up elsewhere before is in two places, or was carried there.
	 */
	{ ROW(roaming), COUNTS(1, 1), .seconds = 300, .severity = SEVERITY_CRITICAL },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))
#define BEACON_JITTER 10u

static const struct policy_detector *
written_of(const struct check *ck, const struct detector_row *row)
{
	const void *at = (const char *)&ck->policy->detect + row->written;

	return at;
}

bool
check_amount(const char *text, bool bytes, uint64_t *out)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(text, "0123456789");
	const char *unit;
	unsigned int shift = 0;
	uint64_t n = 0;

	if (digits == 0 || digits > AMOUNT_DIGITS)
		return false;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	if (text[digits] != '\0') {
		unit = strchr(units, text[digits]);
		if (!bytes || unit == NULL || text[digits + 1] != '\0')
			return false;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	*out = n << shift;
	return n <= UINT64_MAX >> shift;
}

/* One number of a detector; NULL text: as it is. What is wrong is a finding. */
static void
take_number(struct check *ck, const struct detector_row *row, const char *key,
    const char *text, bool bytes, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t n;

	if (text == NULL)
		return;
	if (check_amount(text, bytes, &n) && n >= min && n <= max) {
		*value = n;
		return;
	}
	check_error(ck, written_of(ck, row)->origin,
	    bytes ? MSG_CHECK_DETECT_BYTES : MSG_CHECK_DETECT_NUMBER, row->name, key, text,
	    (unsigned long long)min, (unsigned long long)max);
}

static void
take_severity(struct check *ck, const struct detector_row *row, struct checked_detector *d)
{
	const struct policy_detector *w = written_of(ck, row);
	int severity;

	if (w->severity == NULL)
		return;
	severity = violation_severity_parse(w->severity);
	if (severity == 0)
		check_error(ck, w->origin, MSG_CHECK_DETECT_SEVERITY, row->name,
		    w->severity);
	d->severity = (uint8_t)severity;
}

static void
take_detector(struct check *ck, const struct detector_row *row, struct checked_detector *d)
{
	const struct policy_detector *w = written_of(ck, row);
	uint64_t limit = row->limit, seconds = row->seconds;

	*d = (struct checked_detector){ .on = !w->disabled, .severity = row->severity };
	take_severity(ck, row, d);
	take_number(ck, row, "limit", w->limit, row->bytes, row->limit_min,
	    row->limit_max, &limit);
	take_number(ck, row, "seconds", w->seconds, false, 1, SECONDS_MAX, &seconds);
	d->limit = limit;
	d->seconds = (uint32_t)seconds;
}

static void
take_beacon(struct check *ck, const struct detector_row *row)
{
	const struct policy_detector *w = written_of(ck, row);
	struct checked_detect *d = &ck->c->detect;
	uint64_t jitter = BEACON_JITTER;

	take_number(ck, row, "jitter", w->jitter, false, 1, JITTER_MAX, &jitter);
	d->beacon_jitter = (uint32_t)jitter;
	if (d->beacon.limit > d->beacon.seconds)
		check_error(ck, w->origin, MSG_CHECK_DETECT_PACE,
		    (unsigned long long)d->beacon.limit, (unsigned int)d->beacon.seconds);
}

int
check_detect(struct check *ck)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		void *at = (char *)&ck->c->detect + rows[i].checked;

		take_detector(ck, &rows[i], at);
		if (strcmp(rows[i].name, "beacon") == 0)
			take_beacon(ck, &rows[i]);
	}
	return 0;
}

const struct checked_detector *
checked_detector_at(const struct checked_detect *d, size_t i, const char **name)
{
	const void *at;

	if (i >= N_ROWS)
		return NULL;
	at = (const char *)d + rows[i].checked;
	*name = rows[i].name;
	return at;
}
