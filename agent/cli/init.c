/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho init: a first policy to fill in. Networks are taken from the interfaces where
 * they have addresses already. It asks no daemon and changes nothing but the file.
 */
#include "agent/cli/cli.h"
#include "agent/cli/init_model.h"
#include "agent/cli/options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Length of a mask whose ones all stand left; 0 for others. */
static unsigned int
mask_length(const uint8_t *mask, size_t n)
{
	unsigned int bits = 0;

	while (bits < n * 8 && (mask[bits / 8] & (0x80u >> (bits % 8))) != 0)
		bits++;
	return bits;
}

/* Its network, without link-local ones: those never cross a gateway. */
static void
take_address(struct init_segment *s, const struct ifaddrs *i)
{
	struct ip_prefix *p = &s->networks[s->n_networks];
	struct ip_addr *own = &s->own[s->n_networks];
	unsigned int bits;

	if (i->ifa_addr->sa_family == AF_INET) {
		struct sockaddr_in a, m;

		memcpy(&a, i->ifa_addr, sizeof(a));
		memcpy(&m, i->ifa_netmask, sizeof(m));
		*own = address_from_bytes(IP_V4, (const uint8_t *)&a.sin_addr);
		p->length = mask_length((const uint8_t *)&m.sin_addr, 4);
	} else {
		struct sockaddr_in6 a, m;

		memcpy(&a, i->ifa_addr, sizeof(a));
		memcpy(&m, i->ifa_netmask, sizeof(m));
		if (IN6_IS_ADDR_LINKLOCAL(&a.sin6_addr))
			return;
		*own = address_from_bytes(IP_V6, a.sin6_addr.s6_addr);
		p->length = mask_length(m.sin6_addr.s6_addr, 16);
	}
	bits = address_bits(own->family) - p->length;
	if (p->length == 0 || bits == 0)
		return;		/* a point-to-point line: its far networks are for people to say */
	p->base = *own;
	p->base.value = own->value >> bits << bits;
	for (size_t n = 0; n < s->n_networks; n++)
		if (address_compare(&s->networks[n].base, &p->base) == 0)
			return;
	s->n_networks++;
}

static void
take_addresses(struct init_policy *p)
{
	struct ifaddrs *list = NULL;

	if (getifaddrs(&list) < 0)
		return;
	for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
		if (i->ifa_addr == NULL || i->ifa_netmask == NULL ||
		    (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
			continue;
		for (size_t n = 0; n < p->n_segments; n++)
			if (strcmp(p->segments[n].interface, i->ifa_name) == 0 &&
			    p->segments[n].n_networks < INIT_NETWORKS)
				take_address(&p->segments[n], i);
	}
	freeifaddrs(list);
}

/* RFC 5737 and RFC 3849: never anybody's own. */
static void
guess_networks(struct init_segment *s, size_t number)
{
	struct ip_prefix *v4 = &s->networks[0], *v6 = &s->networks[1];
	char text[32];

	if (s->n_networks > 0)
		return;
	/* 16 networks of 16 addresses, twice */
	snprintf(text, sizeof(text), "%s.%zu/28", number < 16 ? "192.0.2" : "198.51.100",
	    number % 16 * 16);
	(void)address_parse_prefix(text, v4);
	snprintf(text, sizeof(text), "2001:db8:%zx::/64", number + 1);
	(void)address_parse_prefix(text, v6);
	for (size_t n = 0; n < 2; n++) {
		s->own[n] = s->networks[n].base;
		s->own[n].value++;
	}
	s->n_networks = 2;
	s->guessed = true;
}

static bool
good_interface(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < IF_NAMESIZE && strpbrk(name, "/:\"\\ \t\n") == NULL &&
	    strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, "lo") != 0;
}

static bool
named_twice(const struct init_policy *p, const char *interface)
{
	for (size_t n = 0; n < p->n_segments; n++)
		if (strcmp(p->segments[n].interface, interface) == 0)
			return true;
	return false;
}

/* "mynumber=eth1": 0 or the complaint. */
static int
take_pair(struct init_policy *p, char *pair, enum message_id *complaint)
{
	struct init_segment *s = &p->segments[p->n_segments];
	const char *zone_class, *label;
	char *interface = strchr(pair, '=');

	*complaint = MSG_CLI_INIT_PAIR;
	if (interface == NULL || p->n_segments == INIT_SEGMENTS)
		return -EINVAL;
	*interface++ = '\0';
	*complaint = MSG_CLI_INIT_ZONE;
	if (strlen(pair) >= sizeof(s->zone) || !init_zone(pair, &zone_class, &label))
		return -EINVAL;
	*complaint = MSG_CLI_INIT_INTERFACE;
	if (!good_interface(interface) || named_twice(p, interface)) {
		memmove(pair, interface, strlen(interface) + 1);
		return -EINVAL;
	}
	snprintf(s->zone, sizeof(s->zone), "%s", pair);
	snprintf(s->interface, sizeof(s->interface), "%s", interface);
	p->n_segments++;
	return 0;
}

static int
take_pairs(const struct cli *cli, struct init_policy *p, const char *pairs)
{
	char *copy = strdup(pairs), *rest = copy;
	enum message_id complaint;
	int code = CLI_OK;

	if (copy == NULL) {
		cli_complain(cli, MSG_CLI_NO_MEMORY);
		return CLI_ERROR;
	}
	for (char *pair; code == CLI_OK && (pair = strsep(&rest, ",")) != NULL;)
		if (take_pair(p, pair, &complaint) < 0)
			code = cli_usage(cli, "init", complaint, pair);
	free(copy);
	return code;
}

/* Never over a policy that is there. */
static int
write_file(const struct cli *cli, const struct init_policy *p, const char *file)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (out == NULL) {
		cli_complain(cli, MSG_CLI_INIT_FILE, file, strerror(errno));
		if (fd >= 0)
			close(fd);
		return CLI_ERROR;
	}
	init_write(p, out);
	if (fflush(out) != 0 || fsync(fd) < 0 || ferror(out)) {
		cli_complain(cli, MSG_CLI_INIT_FILE, file, strerror(errno));
		fclose(out);
		unlink(file);
		return CLI_ERROR;
	}
	fclose(out);
	cli_say(cli, MSG_CLI_INIT_DONE, file, file);
	return CLI_OK;
}

int
cli_init(int argc, char **argv, const struct cli *cli)
{
	const char *model = NULL, *interfaces = NULL, *file = NULL;
	const struct option_row rows[] = {
		{ "--model", &model, NULL }, { "--interfaces", &interfaces, NULL },
		{ "-o", &file, NULL }, { NULL, NULL, NULL },
	};
	struct init_policy p = { 0 };
	int code;

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, "init", MSG_CLI_BAD_ARGUMENTS);
	if (model == NULL || !init_model_parse(model, &p))
		return cli_usage(cli, "init", MSG_CLI_INIT_MODEL, model != NULL ? model : "");
	if (interfaces == NULL)
		return cli_usage(cli, "init", MSG_CLI_INIT_PAIR, "");
	code = take_pairs(cli, &p, interfaces);
	if (code != CLI_OK)
		return code;
	take_addresses(&p);
	for (size_t n = 0; n < p.n_segments; n++)
		guess_networks(&p.segments[n], n);
	if (file != NULL)
		return write_file(cli, &p, file);
	init_write(&p, stdout);
	return ferror(stdout) ? CLI_ERROR : CLI_OK;
}
