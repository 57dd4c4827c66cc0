/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/drift/drift_services.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As Debian and the projects themselves name their units, and what each one does. */
static const struct {
	const char *unit, *does;
} services[] = {
	/* ExecStop=/usr/sbin/nft flush ruleset; its /etc/nftables.conf begins with the same */
	{ "nftables.service", "flushes every table" },
	{ "firewalld.service", "own tables, forwarding" },
	{ "ufw.service", "own rules, forwarding" },
	{ "docker.service", "own rules, forwarding on" },
	{ "docker.socket", "own rules, forwarding on" },
	{ "netfilter-persistent.service", "own rules" },
	{ "iptables.service", "own rules" },
	{ "ip6tables.service", "own rules" },
	{ "ebtables.service", "own rules" },
	{ "shorewall.service", "own rules, forwarding" },
	{ "shorewall6.service", "own rules, forwarding" },
	{ "ferm.service", "own rules" },
};

/* What systemctl(1) enable links: NAME.wants and NAME.requires. */
static bool
holds_wanted(const char *name)
{
	const char *end = strrchr(name, '.');

	return end != NULL && (strcmp(end, ".wants") == 0 || strcmp(end, ".requires") == 0);
}

/* A link that leads nowhere counts: the unit may be on a disk that comes later. */
static bool
is_enabled(const char *units, const char *unit)
{
	DIR *folder = opendir(units);
	const struct dirent *entry;
	char path[600], to[16] = "";
	bool found = false;
	struct stat st;

	if (folder == NULL)
		return false;
	/* masked: whatever wants it does not get it */
	if (readlinkat(dirfd(folder), unit, to, sizeof(to) - 1) > 0 &&
	    strcmp(to, "/dev/null") == 0) {
		closedir(folder);
		return false;
	}
	while (!found && (entry = readdir(folder)) != NULL) {
		if (!holds_wanted(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", entry->d_name, unit);
		found = fstatat(dirfd(folder), path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	}
	closedir(folder);
	return found;
}

static bool
is_running(const char *cgroups, const char *unit)
{
	char path[1200];

	snprintf(path, sizeof(path), "%s/%s", cgroups, unit);
	return access(path, F_OK) == 0;
}

void
drift_services(const char *units, const char *cgroups, struct drift_list *out)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		bool enabled = is_enabled(units, services[i].unit);
		bool running = is_running(cgroups, services[i].unit);
		char detail[96];

		if (!enabled && !running)
			continue;
		snprintf(detail, sizeof(detail), "%s%s%s: %s", enabled ? "enabled" : "",
		    enabled && running ? ", " : "", running ? "running" : "", services[i].does);
		drift_add(out, DRIFT_SERVICE, services[i].unit, detail);
	}
}
