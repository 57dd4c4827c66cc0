/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sekisho init: what a first policy of a separation model is made of. */
#ifndef AGENT_CLI_INIT_MODEL_H
#define AGENT_CLI_INIT_MODEL_H

#include "rules/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define INIT_SEGMENTS	32u
/* Networks of one interface that are written down. */
#define INIT_NETWORKS	8u

/* Bits, so that an example may belong to several models. */
enum init_model {
	INIT_ALPHA = 1 << 0,
	INIT_ALPHA_PRIME = 1 << 1,
	INIT_BETA = 1 << 2,
	INIT_BETA_PRIME = 1 << 3,
	INIT_MEDIA_ONLY = 1 << 4,
};

struct init_segment {
	char zone[64], interface[16];
	struct ip_prefix networks[INIT_NETWORKS];
	struct ip_addr own[INIT_NETWORKS];	/* of the gateway, in that network */
	size_t n_networks;
	bool guessed;			/* documentation networks: the interface has none */
};

struct init_policy {
	enum init_model model;
	const char *model_word;		/* as the policy language has it */
	struct init_segment segments[INIT_SEGMENTS];
	size_t n_segments;
};

/* "alpha", "alpha_prime" ("alpha-prime" too) ...; false when it is none. */
bool init_model_parse(const char *word, struct init_policy *p);

/* Class and Japanese label of a zone by its name; "ext_..." are external. False: none. */
bool init_zone(const char *name, const char **zone_class, const char **label);

/* The policy: it forbids everything between zones; what the model needs is commented out. */
void init_write(const struct init_policy *p, FILE *out);

#endif /* AGENT_CLI_INIT_MODEL_H */
