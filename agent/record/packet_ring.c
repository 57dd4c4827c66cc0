/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/packet_ring.h"

#include "agent/record/event.h"
#include "agent/record/pcapng.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define SECOND_NS	INT64_C(1000000000)
#define MIB		((uint64_t)1 << 20)
/* A file is so much of the ring, so that the oldest ones are no great part of it. */
#define PARTS		8u
#define FILE_MOST	(8 * MIB)
#define FILES_MOST	1024u
#define INTERFACES_MOST	300u
#define NUMBER_MOST	9999999999ul
#define COMMENT_WORD	"sekisho "
#define KEY_DIGITS	16u

/*
 * LINKTYPE_* of the files. Not LINKTYPE_RAW: libpcap 1.10 reads no file that has two
 * interfaces of it, for its own number of that is another one (sf-pcapng.c).
 */
static const uint16_t link_types[PACKET_LINKS] = {
	[PACKET_ETHERNET] = 1,
	[PACKET_IPV4] = 228,
	[PACKET_IPV6] = 229,
	[PACKET_COOKED] = 113,		/* LINKTYPE_LINUX_SLL */
};

struct ring_file {
	unsigned long number;
	enum packet_link link;
	uint64_t bytes;
};

struct ring_interface {
	char name[16];
	uint8_t witness;
};

/* The file that packets of one kind of link are written to. */
struct current {
	int fd;				/* -1: none */
	unsigned long number;
	struct ring_interface interfaces[INTERFACES_MOST];
	uint32_t n_interfaces;
};

struct packet_ring {
	int directory;
	char application[64], os[192], hardware[70];
	struct record_evidence rules;
	struct ring_file *files;	/* by number; FILES_MOST and one */
	size_t n_files;
	unsigned long last;		/* number */
	struct current now[PACKET_LINKS];
	int64_t second_ns;
	uint32_t in_second;
	uint64_t sender_not_sent;	/* its last word */
	struct packet_ring_count count;
};

/* ---- names ----------------------------------------------------------------------- */

static void
file_name(unsigned long number, enum packet_link link, char out[PACKET_RING_NAME_SIZE])
{
	snprintf(out, PACKET_RING_NAME_SIZE, PACKET_RING_STEM "%010lu-%s" PACKET_RING_END,
	    number, packet_link_name(link));
}

bool
packet_ring_parse(const char *name, unsigned long *number, enum packet_link *link)
{
	char again[PACKET_RING_NAME_SIZE];

	if (strncmp(name, PACKET_RING_STEM, strlen(PACKET_RING_STEM)) != 0)
		return false;
	*number = strtoul(name + strlen(PACKET_RING_STEM), NULL, 10);
	if (*number == 0 || *number > NUMBER_MOST)
		return false;
	for (unsigned int i = 0; i < PACKET_LINKS; i++) {
		*link = (enum packet_link)i;
		file_name(*number, *link, again);
		if (strcmp(name, again) == 0)
			return true;
	}
	return false;
}

static const char *
witness_name(uint8_t witness)
{
	return witness == WITNESS_GATE ? "gate" : witness == WITNESS_TAP_EGRESS ?
	    "tap-egress" : "tap-ingress";
}

bool
packet_ring_key(const char *comment, size_t length, uint64_t *key)
{
	const size_t word = strlen(COMMENT_WORD);
	char digits[KEY_DIGITS + 1] = "";

	if (comment == NULL || length < word + KEY_DIGITS ||
	    memcmp(comment, COMMENT_WORD, word) != 0)
		return false;
	memcpy(digits, comment + word, KEY_DIGITS);
	if (strspn(digits, "0123456789abcdef") != KEY_DIGITS)
		return false;
	*key = strtoull(digits, NULL, 16);
	return true;
}

/* ---- what is there --------------------------------------------------------------- */

static int
by_number(const void *left, const void *right)
{
	const struct ring_file *a = left, *b = right;

	return a->number < b->number ? -1 : a->number > b->number;
}

static void
close_current(struct packet_ring *r, enum packet_link link)
{
	struct current *c = &r->now[link];

	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->n_interfaces = 0;
}

/* The oldest file goes, whether it is written to or not. */
static void
drop_oldest(struct packet_ring *r)
{
	const struct ring_file f = r->files[0];
	char name[PACKET_RING_NAME_SIZE];

	if (r->now[f.link].fd >= 0 && r->now[f.link].number == f.number)
		close_current(r, f.link);
	file_name(f.number, f.link, name);
	if (unlinkat(r->directory, name, 0) < 0 && errno != ENOENT)
		r->count.error = errno;
	r->count.bytes -= f.bytes;
	r->count.files_gone++;
	memmove(r->files, r->files + 1, --r->n_files * sizeof(r->files[0]));
}

/* Into the list, which stays in order and no longer than FILES_MOST. */
static void
note_file(struct packet_ring *r, const struct ring_file *f)
{
	size_t at = r->n_files;

	while (at > 0 && r->files[at - 1].number > f->number)
		at--;
	memmove(r->files + at + 1, r->files + at, (r->n_files - at) * sizeof(r->files[0]));
	r->files[at] = *f;
	r->n_files++;
	r->count.bytes += f->bytes;
	if (f->number > r->last)
		r->last = f->number;
	if (r->n_files > FILES_MOST)
		drop_oldest(r);
}

static int
list_files(struct packet_ring *r)
{
	int fd = openat(r->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (dir == NULL) {
		int error = errno;

		if (fd >= 0)
			close(fd);
		return -error;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): our own stream */
	while ((entry = readdir(dir)) != NULL) {
		struct ring_file f = { 0 };
		struct stat st;

		if (!packet_ring_parse(entry->d_name, &f.number, &f.link) ||
		    fstatat(r->directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		f.bytes = st.st_size > 0 ? (uint64_t)st.st_size : 0;
		note_file(r, &f);
	}
	closedir(dir);
	return 0;
}

struct packet_ring *
packet_ring_new(int directory, const char *version)
{
	struct packet_ring *r = calloc(1, sizeof(*r));
	struct utsname machine;
	int e = ENOMEM;

	if (r == NULL)
		return NULL;
	r->directory = directory;
	for (unsigned int i = 0; i < PACKET_LINKS; i++)
		r->now[i].fd = -1;
	snprintf(r->application, sizeof(r->application), "sekisho %.40s", version);
	if (uname(&machine) == 0) {
		snprintf(r->os, sizeof(r->os), "%s %s", machine.sysname, machine.release);
		snprintf(r->hardware, sizeof(r->hardware), "%s", machine.machine);
	}
	r->files = calloc(FILES_MOST + 1, sizeof(r->files[0]));
	if (r->files != NULL)
		e = -list_files(r);
	if (e == 0) {
		r->count.files_gone = 0;
		return r;
	}
	packet_ring_free(r);
	errno = e;
	return NULL;
}

void
packet_ring_free(struct packet_ring *r)
{
	if (r == NULL)
		return;
	for (unsigned int i = 0; i < PACKET_LINKS; i++)
		close_current(r, (enum packet_link)i);
	free(r->files);
	free(r);
}

/* ---- writing --------------------------------------------------------------------- */

static void
make_room(struct packet_ring *r, uint64_t bytes)
{
	while (r->n_files > 0 && r->count.bytes + bytes > r->rules.ring_mb * MIB)
		drop_oldest(r);
}

void
packet_ring_rules(struct packet_ring *r, const struct record_evidence *rules)
{
	/* A file says once how much of a packet it may hold. */
	if (rules->snap != r->rules.snap)
		for (unsigned int i = 0; i < PACKET_LINKS; i++)
			close_current(r, (enum packet_link)i);
	r->rules = *rules;
	if (r->rules.snap > RECORD_EVIDENCE_SNAP)
		r->rules.snap = RECORD_EVIDENCE_SNAP;
	make_room(r, 0);
}

static struct ring_file *
file_of(struct packet_ring *r, const struct current *c)
{
	const struct ring_file wanted = { .number = c->number };

	return bsearch(&wanted, r->files, r->n_files, sizeof(r->files[0]), by_number);
}

/* All of the block or nothing. 0 or negative errno; then the file is given up. */
static int
append(struct packet_ring *r, enum packet_link link, const uint8_t *block, size_t length)
{
	struct current *c = &r->now[link];
	struct ring_file *f;
	ssize_t n;

	make_room(r, length);
	/* It was the oldest one itself: the ring is smaller than it. */
	if (c->fd < 0)
		return -ENOSPC;
	f = file_of(r, c);
	n = write(c->fd, block, length);
	if (n == (ssize_t)length && f != NULL) {
		f->bytes += length;
		r->count.bytes += length;
		return 0;
	}
	r->count.error = n < 0 ? errno : ENOSPC;
	/* What was begun would end the file for whoever reads it. */
	if (n > 0 && f != NULL && ftruncate(c->fd, (off_t)f->bytes) < 0)
		r->count.error = errno;
	close_current(r, link);
	return -r->count.error;
}

static int
begin_file(struct packet_ring *r, enum packet_link link)
{
	struct current *c = &r->now[link];
	struct ring_file f = { .number = r->last + 1, .link = link };
	uint8_t block[PCAPNG_BLOCK_MAX];
	char name[PACKET_RING_NAME_SIZE];

	if (f.number > NUMBER_MOST)
		return -EOVERFLOW;
	file_name(f.number, link, name);
	c->fd = openat(r->directory, name, O_WRONLY | O_APPEND | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
	if (c->fd < 0) {
		r->count.error = errno;
		return -errno;
	}
	c->number = f.number;
	c->n_interfaces = 0;
	note_file(r, &f);
	return append(r, link, block, pcapng_section(block, r->hardware, r->os,
	    r->application));
}

/* The number of the packet's interface in the current file; it is told there first. */
static int
interface_of(struct packet_ring *r, const struct packet *p, uint32_t *number)
{
	struct current *c = &r->now[p->link];
	uint8_t block[PCAPNG_BLOCK_MAX];
	int e;

	for (*number = 0; *number < c->n_interfaces; (*number)++)
		if (c->interfaces[*number].witness == p->witness &&
		    strcmp(c->interfaces[*number].name, p->interface) == 0)
			return 0;
	e = append(r, (enum packet_link)p->link, block, pcapng_interface(block, p->interface,
	    witness_name(p->witness), link_types[p->link], r->rules.snap));
	if (e < 0)
		return e;
	c->interfaces[c->n_interfaces].witness = p->witness;
	memcpy(c->interfaces[c->n_interfaces].name, p->interface, sizeof(p->interface));
	c->n_interfaces++;
	return 0;
}

/* A file that has its share is closed; the next packet begins another one. */
static int
ready_file(struct packet_ring *r, enum packet_link link)
{
	struct current *c = &r->now[link];
	const struct ring_file *f = c->fd >= 0 ? file_of(r, c) : NULL;
	uint64_t most = r->rules.ring_mb * MIB / PARTS;

	if (most > FILE_MOST && r->rules.ring_mb * MIB / FILE_MOST < FILES_MOST)
		most = FILE_MOST;
	if (c->fd >= 0 && (f == NULL || f->bytes + 2 * (size_t)PCAPNG_BLOCK_MAX > most ||
	    c->n_interfaces == INTERFACES_MOST))
		close_current(r, link);
	return c->fd >= 0 ? 0 : begin_file(r, link);
}

static int
write_packet(struct packet_ring *r, const struct packet *p)
{
	struct pcapng_packet block = { .time_ns = p->time_ns, .captured = p->captured,
		.length = p->length != 0 ? p->length : p->captured, .bytes = p->bytes,
		.inbound = p->witness != WITNESS_TAP_EGRESS,
		.outbound = p->witness == WITNESS_TAP_EGRESS };
	uint8_t bytes[PCAPNG_BLOCK_MAX];
	char comment[PCAPNG_TEXT_MAX], place[16] = "last";
	int e = ready_file(r, (enum packet_link)p->link);

	if (e == 0)
		e = interface_of(r, p, &block.interface);
	if (e < 0)
		return e;
	if (p->nth != 0)
		snprintf(place, sizeof(place), "%u", p->nth);
	snprintf(comment, sizeof(comment), COMMENT_WORD "%016" PRIx64 " %s %s", p->key, place,
	    witness_name(p->witness));
	block.comment = comment;
	return append(r, (enum packet_link)p->link, bytes, pcapng_packet(bytes, &block));
}

static bool
too_many(struct packet_ring *r, int64_t now_ns)
{
	if (now_ns - r->second_ns >= SECOND_NS) {
		r->second_ns = now_ns;
		r->in_second = 0;
	}
	return ++r->in_second > PACKET_RING_RATE;
}

/* Its count begins again when the watcher does. */
static void
take_not_sent(struct packet_ring *r, uint64_t told)
{
	r->count.not_sent += told >= r->sender_not_sent ? told - r->sender_not_sent : told;
	r->sender_not_sent = told;
}

void
packet_ring_add(struct packet_ring *r, const struct packet *p, bool full, int64_t now_ns)
{
	take_not_sent(r, p->not_sent);
	if (full || r->rules.packets == 0 || p->captured > r->rules.snap ||
	    too_many(r, now_ns) || write_packet(r, p) < 0)
		r->count.not_kept++;
	else
		r->count.written++;
}

struct packet_ring_count
packet_ring_count(const struct packet_ring *r)
{
	return r->count;
}

json_t *
packet_ring_json(const struct packet_ring *r)
{
	const struct packet_ring_count *c = &r->count;

	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:s}", "written", (json_int_t)c->written,
	    "not_kept", (json_int_t)c->not_kept, "not_sent",
	    (json_int_t)(c->not_sent & INT64_MAX), "files", (json_int_t)r->n_files,
	    "files_gone", (json_int_t)c->files_gone, "bytes", (json_int_t)c->bytes,
	    "error", c->error != 0 ? strerror(c->error) : "");
}
