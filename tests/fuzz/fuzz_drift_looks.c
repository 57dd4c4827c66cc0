/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kernels answer to looks around the gate; the first byte says which look. Names in
 * it are chosen by whoever may make tables and interfaces.
 */
#include "kernel-helpers/link_picture.h"
#include "kernel-helpers/nft_foreign.h"
#include "kernel-helpers/route_picture.h"
#include "kernel-helpers/rtnl.h"
#include "kernel-helpers/tc_picture.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct link_picture links;
static struct route_picture routes;
static struct tc_picture filters;
static struct tc_qdiscs qdiscs;
static struct nft_foreign tables;

static void
look(unsigned int which, const uint8_t *bytes, size_t size)
{
	struct tc_asked asked = { &filters, TC_LEAVING };

	links.n = routes.n = routes.n_rules = filters.n = qdiscs.n = tables.n = 0;
	switch (which) {	/* a byte of the input */
	case 0:
		(void)rtnl_parse(bytes, size, 0, link_picture_link, &links);
		(void)rtnl_parse(bytes, size, 0, link_picture_address, &links);
		break;
	case 1:
		(void)rtnl_parse(bytes, size, 0, route_picture_route, &routes);
		(void)rtnl_parse(bytes, size, 0, route_picture_rule, &routes);
		break;
	case 2:
		(void)rtnl_parse(bytes, size, 0, tc_picture_qdisc, &qdiscs);
		(void)rtnl_parse(bytes, size, 0, tc_picture_filter, &asked);
		break;
	default:
		(void)nft_foreign_add(&tables, (enum nft_foreign_kind)(which % NFT_FOREIGN_KINDS),
		    bytes, size);
		break;
	}
	for (size_t i = 0; i < links.n; i++)
		if (memchr(links.links[i].name, '\0', sizeof(links.links[i].name)) == NULL)
			abort();
	for (size_t i = 0; i < tables.n; i++)
		if (memchr(tables.tables[i].name, '\0', sizeof(tables.tables[i].name)) == NULL)
			abort();
	for (size_t i = 0; i < routes.n; i++)
		if (routes.routes[i].to.length > address_bits(routes.routes[i].to.base.family))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size == 0)
		return 0;
	copy = malloc(size);
	if (copy == NULL)
		return 0;
	memcpy(copy, data + 1, size - 1);
	look(data[0] % 6u, copy, size - 1);
	free(copy);
	return 0;
}
