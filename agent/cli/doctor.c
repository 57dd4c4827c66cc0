/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho doctor: does anything stand around the gate that passes it by, and what is to be
 * done. The daemon looks, or, where it does not answer, root does here.
 */
#include "agent/cli/cli.h"
#include "agent/cli/options.h"
#include "agent/drift/drift_findings.h"
#include "agent/drift/drift_services.h"
#include "agent/json_text.h"
#include "kernel-helpers/nft_commit.h"
#include "kernel-helpers/rtnl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum drift_id
id_of(const char *code)
{
	for (int id = DRIFT_NONE + 1; id < DRIFT_ID_COUNT; id++)
		if (strcmp(drift_row((enum drift_id)id)->code, code) == 0)
			return (enum drift_id)id;
	return DRIFT_NONE;
}

/* Worded here, in the language of who asks, whatever the daemon's is. */
static void
say_finding(const struct cli *cli, const json_t *f)
{
	enum drift_id id = id_of(json_text(f, "id"));
	const struct drift_row *row;
	char *what;

	if (id == DRIFT_NONE)
		return;
	row = drift_row(id);
	what = message_text(row->what, cli->language, json_text(f, "subject"),
	    json_text(f, "detail"));
	cli_say(cli, row->severity == DRIFT_ERROR ? MSG_CLI_DOCTOR_ERROR :
	    row->severity == DRIFT_WARNING ? MSG_CLI_DOCTOR_WARNING : MSG_CLI_DOCTOR_NOTE,
	    row->code, what != NULL ? what : "");
	cli_say(cli, MSG_CLI_DOCTOR_ADVICE, message_format(row->advice, cli->language));
	free(what);
}

/* The machine's services, which the daemon, shut in as it is, cannot see. */
static void
add_services(const struct cli *cli, json_t *answer)
{
	struct drift_list *list = calloc(1, sizeof(*list));
	json_t *found;

	if (list == NULL)
		return;
	drift_services(cli->paths.units, cli->paths.cgroups, list);
	found = drift_json(list, cli->language);
	if (list->n > 0 && strcmp(json_text(answer, "severity"), "error") != 0)
		json_object_set_new(answer, "severity",
		    json_string(drift_severity_name(drift_worst(list))));
	(void)json_array_extend(json_object_get(answer, "findings"), found);
	json_decref(found);
	free(list);
}

static int
code_of(const json_t *answer)
{
	const char *severity = json_text(answer, "severity");

	return strcmp(severity, "error") == 0 ? CLI_ERROR :
	    strcmp(severity, "warning") == 0 ? CLI_WARNING : CLI_OK;
}

/* Takes the reference. */
static int
say_answer(const struct cli *cli, json_t *answer)
{
	const json_t *findings = json_object_get(answer, "findings"), *f;
	size_t i;
	int code;

	add_services(cli, answer);
	code = code_of(answer);
	if (cli->json) {
		cli_print_json(answer);
		return code;
	}
	json_array_foreach(findings, i, f)
		say_finding(cli, f);
	if (json_array_size(findings) == 0)
		cli_say(cli, MSG_CLI_DOCTOR_WELL);
	if (json_integer_value(json_object_get(answer, "more")) > 0)
		cli_say(cli, MSG_CLI_DOCTOR_MORE,
		    (long long)json_integer_value(json_object_get(answer, "more")));
	json_decref(answer);
	return code;
}

/* ---- without the daemon --------------------------------------------------------------- */

struct own_eyes {
	struct nft_channel *nft;
	struct ipc_watch interfaces;
};

static int
look_here(void *arg, enum drift_look what, struct nft_replies *out)
{
	struct own_eyes *own = arg;

	return own->nft == NULL ? -EPERM : drift_look(own->nft, &own->interfaces, what, out);
}

static void
list_interfaces(const struct checked *c, struct ipc_watch *w)
{
	for (size_t i = 0; c != NULL && i < c->n_segments && i < IPC_MAX_INTERFACES; i++)
		snprintf(w->interfaces[w->n_interfaces++], sizeof(w->interfaces[0]), "%s",
		    c->segments[i].interface);
}

/* Nobody is there who knows what it should hold: only that it is there. True when it is. */
static bool
look_at_table(struct nft_channel *nft, struct drift_list *list)
{
	struct nft_refusal refusal = { 0 };
	struct ruleset *have = NULL;
	uint32_t generation = 0;
	int r = nft == NULL ? -EPERM : nft_read_back(nft, &have, &generation, &refusal);
	bool there = r == 0 && have != NULL;

	if (!there)
		drift_add(list, DRIFT_TABLE_GONE, "table inet " RULESET_TABLE,
		    r == 0 ? "-" : refusal.what[0] != '\0' ? refusal.what : strerror(-r));
	ruleset_free(have);
	return there;
}

static void
look_around(const struct checked *c, struct own_eyes *own, bool forwarding,
    struct drift_list *list)
{
	struct drift_picture *p = drift_picture_new();
	struct drift_eyes eyes = { .rtnl_fd = rtnl_open(), .look = look_here, .arg = own,
	    .forwarding = forwarding };

	if (p != NULL && eyes.rtnl_fd >= 0) {
		drift_picture_take(p, &eyes, c, DRIFT_PART_ALL);
		drift_findings(p, c, list);
	} else {
		drift_add(list, DRIFT_NOT_SEEN, "rtnetlink", strerror(errno));
	}
	if (eyes.rtnl_fd >= 0)
		close(eyes.rtnl_fd);
	drift_picture_free(p);
}

static int
look_by_ourselves(const struct cli *cli, const char *file, const char *why)
{
	static struct own_eyes own;
	static struct drift_list list;
	struct checked *c = cli_load_policy(cli, file, false);
	int on = 0;
	bool there;

	own.nft = nft_channel_open();
	list_interfaces(c, &own.interfaces);
	drift_add(&list, DRIFT_NO_DAEMON, cli->paths.socket, why);
	there = look_at_table(own.nft, &list);
	/* A gate whose daemon is away may go on; forwarding without its table may not. */
	(void)sysctl_get(SYSCTL_IPV4_FORWARD, &on);
	look_around(c, &own, there && on != 0, &list);
	nft_channel_close(own.nft);
	checked_free(c);
	return say_answer(cli, json_pack("{s:b, s:s, s:o, s:I}", "ok", 1, "severity",
	    drift_severity_name(drift_worst(&list)), "findings",
	    drift_json(&list, cli->language), "more", (json_int_t)list.more));
}

int
cli_doctor(int argc, char **argv, const struct cli *cli)
{
	const char *file = NULL;
	const struct option_row rows[] = { { "-f", &file, NULL }, { NULL, NULL, NULL } };
	json_t *answer;
	int fd;

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, "doctor", MSG_CLI_BAD_ARGUMENTS);
	fd = cli_connect(cli, 0);
	if (fd < 0)
		return look_by_ourselves(cli, file, strerror(-fd));
	close(fd);
	answer = cli_ask(cli, json_pack("{s:s, s:s}", "verb", "doctor", "language",
	    cli->language == MESSAGE_JAPANESE ? "ja" : "en"), -1);
	if (answer == NULL)
		return CLI_UNAVAILABLE;
	if (!json_is_true(json_object_get(answer, "ok"))) {
		cli_complain(cli, MSG_CLI_REFUSED, json_text(answer, "error"));
		json_decref(answer);
		return CLI_ERROR;
	}
	return say_answer(cli, answer);
}
