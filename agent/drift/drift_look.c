/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/drift/drift_look.h"

#include "kernel-helpers/nft_foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEGACY_BYTES 1024u

static int
look_tcx(const struct ipc_watch *w, struct nft_replies *out)
{
	struct drift_tcx *all = calloc(2 * (size_t)w->n_interfaces + 1, sizeof(*all));
	size_t n = 0;

	if (all == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < w->n_interfaces; i++) {
		uint32_t index = if_nametoindex(w->interfaces[i]);

		for (uint32_t leaving = 0; index != 0 && leaving < 2; leaving++) {
			struct drift_tcx *t = &all[n];
			int r = tcx_query(index, leaving != 0, t->programs);

			/* No tcx here, or the interface went: nothing to tell. */
			if (r < 0)
				continue;
			memcpy(t->interface, w->interfaces[i], sizeof(t->interface));
			t->leaving = leaving;
			t->n = (uint32_t)r;
			n++;
		}
	}
	out->bytes = (uint8_t *)all;
	out->length = n * sizeof(*all);
	return 0;
}

/* Only root may read these; a file that is not there tells of a module that is not. */
static size_t
read_names(const char *path, char *text, size_t at, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text + at, size - at);

	if (fd >= 0)
		close(fd);
	return at + (n > 0 ? (size_t)n : 0);
}

static int
look_legacy(struct nft_replies *out)
{
	char *text = calloc(1, LEGACY_BYTES);

	if (text == NULL)
		return -ENOMEM;
	out->length = read_names("/proc/self/net/ip_tables_names", text, 0, LEGACY_BYTES);
	out->length = read_names("/proc/self/net/ip6_tables_names", text, out->length,
	    LEGACY_BYTES);
	out->bytes = (uint8_t *)text;
	return 0;
}

int
drift_look(struct nft_channel *ch, const struct ipc_watch *interfaces, enum drift_look what,
    struct nft_replies *out)
{
	*out = (struct nft_replies){ 0 };
	switch (what) {
	case DRIFT_LOOK_CHAINS:
		return nft_foreign_ask(ch, NFT_FOREIGN_CHAINS, out);
	case DRIFT_LOOK_FLOWTABLES:
		return nft_foreign_ask(ch, NFT_FOREIGN_FLOWTABLES, out);
	case DRIFT_LOOK_RULES:
		return nft_foreign_ask(ch, NFT_FOREIGN_RULES, out);
	case DRIFT_LOOK_TCX:
		return look_tcx(interfaces, out);
	case DRIFT_LOOK_LEGACY:
		return look_legacy(out);
	case DRIFT_LOOK_COUNT:
		break;
	}
	return -EINVAL;
}
