/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Public resolvers that answer over HTTPS or TLS: by name and by address. Few
 * on purpose: those that browsers and systems come with or that are best known
 * in Japan. What is not in it is still refused where no permit lists it; the
 * list only finds the ones that hide behind a permit for the web.
 *
 * Sources: the operators' own pages (developers.google.com/speed/public-dns,
 * developers.cloudflare.com/1.1.1.1, quad9.net/service, support.opendns.com,
 * adguard-dns.io/kb/general/dns-providers, public.dns.iij.jp), and
 * github.com/curl/curl/wiki/DNS-over-HTTPS for the names.
 */
#ifndef AGENT_WATCH_DETECT_RESOLVERS_H
#define AGENT_WATCH_DETECT_RESOLVERS_H

#include "rules/address.h"

#include <stdbool.h>

/* Lower-case host name: in the list, or below a name in it. */
bool resolver_name(const char *name);
bool resolver_address(const struct ip_addr *a);

#endif /* AGENT_WATCH_DETECT_RESOLVERS_H */
