/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho top: one loop that waits for the daemon's answers, keys and signals, and
 * never for one of them alone. --once and --json are the same loop without a terminal.
 */
#include "agent/cli/cli.h"
#include "agent/cli/options.h"
#include "agent/top/top_ask.h"
#include "agent/top/top_model.h"
#include "agent/top/top_screen.h"
#include "agent/top/top_view.h"
#include "agent/clock.h"
#include "agent/record/log_reader.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND	INT64_C(1000000000)
#define NS_PER_MS	INT64_C(1000000)
/* A daemon that applies a large policy answers late; longer than this is silence. */
#define ANSWER_NS	(5 * NS_PER_SECOND)
/* Of the record: read at the start, and what one refresh reads at most. */
#define RECENT_BYTES	((size_t)1 << 20)
#define RECORDS_AT_ONCE	5000u

#define INTERVAL_DEFAULT 2.0

struct top {
	const struct cli *cli;
	bool once;
	struct top_model *model;
	struct top_look look;
	struct top_grid grid;
	struct top_screen screen;
	struct top_ask ask;
	struct log_reader *log;		/* NULL: to be opened */
	int signals;			/* signalfd; -1 without a terminal */
	int64_t next_ns, late_ns;	/* next look; when the answer is too late */
	unsigned int looks;		/* done */
	bool done;
	int code;
};

/* ---- the record --------------------------------------------------------- */

static void
close_log(struct top *t, int error)
{
	log_reader_close(t->log);
	t->log = NULL;
	t->model->log_error[0] = '\0';
	if (error < 0)
		top_text(t->model->log_error, TOP_TEXT_SIZE, strerror(-error));
}

/* What is shown comes from its end, so what was shown before goes. */
static void
open_log(struct top *t)
{
	int r;

	close_log(t, 0);
	t->model->n_violations = 0;
	t->log = log_reader_open(t->cli->paths.log);
	r = t->log != NULL ? log_reader_begin_recent(t->log, RECENT_BYTES) : -errno;
	if (r < 0)
		close_log(t, r);
}

/* False when there is more than anybody needs: the end of it is what counts. */
static bool
read_log(struct top *t)
{
	unsigned int n = 0;
	json_t *record;
	int r = LOG_READ_END;

	while (t->log != NULL && n++ < RECORDS_AT_ONCE &&
	    (r = log_reader_next(t->log, &record)) > 0) {
		if (r == LOG_READ_BAD) {
			t->model->bad_lines++;
		} else {
			top_model_record(t->model, record);
			json_decref(record);
		}
	}
	if (r < 0)
		close_log(t, r);
	return n <= RECORDS_AT_ONCE;
}

static void
take_log(struct top *t)
{
	if (t->log == NULL)
		open_log(t);
	if (!read_log(t)) {
		open_log(t);
		(void)read_log(t);
	}
}

/* ---- one refresh -------------------------------------------------------- */

static void
measure(struct top *t)
{
	const char *columns = getenv("COLUMNS"), *lines = getenv("LINES");
	struct winsize size = { .ws_col = 80, .ws_row = 24 };

	if (t->screen.handle != NULL) {
		top_screen_measure(&t->look.columns, &t->look.lines);
		return;
	}
	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	t->look.columns = columns != NULL ? (int)strtol(columns, NULL, 10) : size.ws_col;
	t->look.lines = lines != NULL ? (int)strtol(lines, NULL, 10) : size.ws_row;
}

static void
draw(struct top *t)
{
	measure(t);
	t->look.epoch = time(NULL);
	if (top_view_draw(t->model, &t->look, &t->grid) < 0) {
		t->done = true;
		t->code = CLI_ERROR;
	} else if (t->screen.handle != NULL) {
		top_screen_show(&t->screen, &t->grid);
	} else {
		top_grid_print(&t->grid, stdout);
	}
}

/* Something came of a look. --once takes two, for the rates between them. */
static void
refreshed(struct top *t)
{
	t->looks++;
	if (t->once && t->looks < 2 && t->model->answered)
		return;
	if (t->once) {
		t->done = true;
		t->code = t->model->answered ? CLI_OK : CLI_UNAVAILABLE;
	}
	if (t->cli->json) {
		json_t *all = top_model_json(t->model, time(NULL));

		json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
		json_decref(all);
		putchar('\n');
	} else {
		draw(t);
	}
	/* Nobody reads on: no reason to go on. */
	if (t->screen.handle == NULL && (fflush(stdout) != 0 || ferror(stdout)))
		t->done = true;
}

static void
silent(struct top *t, const char *why)
{
	top_model_silent(t->model, why, time(NULL));
	refreshed(t);
}

static void
look_again(struct top *t, int64_t now)
{
	take_log(t);
	t->next_ns = now + (int64_t)(t->look.interval * (double)NS_PER_SECOND);
	t->late_ns = now + ANSWER_NS;
	if (top_ask_begin(&t->ask, t->cli) < 0)
		silent(t, t->ask.error);
}

static void
hear(struct top *t)
{
	int r = top_ask_hear(&t->ask);

	if (r < 0) {
		silent(t, t->ask.error);
	} else if (r > 0) {
		top_model_take(t->model, t->ask.status, t->ask.matrix, clock_ns(CLOCK_MONOTONIC));
		top_ask_end(&t->ask);
		refreshed(t);
	}
}

/* ---- keys, signals ------------------------------------------------------- */

static void
change_interval(struct top *t, bool longer)
{
	static const double steps[] = { 0.5, 1, 2, 5, 10, 30, 60 };
	const size_t n = sizeof(steps) / sizeof(steps[0]);
	double now = t->look.interval;
	int64_t from = t->next_ns - (int64_t)(now * (double)NS_PER_SECOND);

	for (size_t i = 0; i < n; i++) {
		double step = longer ? steps[i] : steps[n - 1 - i];

		if (longer ? step > now : step < now) {
			t->look.interval = step;
			t->next_ns = from + (int64_t)(step * (double)NS_PER_SECOND);
			return;
		}
	}
}

static void
scroll(struct top *t, enum top_key key)
{
	size_t page = top_view_page(t->model, &t->look), *at = &t->look.scroll;

	page = page > 0 ? page : 1;
	if (key == TOP_KEY_UP)
		*at -= *at > 0;
	else if (key == TOP_KEY_PAGE_UP)
		*at -= *at < page ? *at : page;
	else if (key == TOP_KEY_HOME)
		*at = 0;
	else if (key == TOP_KEY_END)
		*at = TOP_PAIRS;
	else
		*at += key == TOP_KEY_DOWN ? 1 : page;
}

static void
press(struct top *t, enum top_key key)
{
	switch (key) {
	case TOP_KEY_NONE:
	case TOP_KEY_OTHER:
		break;
	case TOP_KEY_QUIT:
		t->done = true;
		break;
	case TOP_KEY_PAUSE:
		t->look.paused = !t->look.paused;
		break;
	case TOP_KEY_LONGER:
	case TOP_KEY_SHORTER:
		change_interval(t, key == TOP_KEY_LONGER);
		break;
	case TOP_KEY_SORT:
		top_model_sort(t->model, (t->model->sort + 1) % TOP_SORTS);
		break;
	case TOP_KEY_PANES:
		t->look.panes = (t->look.panes + 1) % TOP_PANES;
		t->look.scroll = 0;
		break;
	case TOP_KEY_HELP:
		t->look.help = !t->look.help;
		break;
	case TOP_KEY_REDRAW:
		top_screen_redraw();
		break;
	case TOP_KEY_UP:
	case TOP_KEY_DOWN:
	case TOP_KEY_PAGE_UP:
	case TOP_KEY_PAGE_DOWN:
	case TOP_KEY_HOME:
	case TOP_KEY_END:
		scroll(t, key);
		break;
	}
}

/* Readable without a key: the terminal went away. */
static void
take_keys(struct top *t)
{
	enum top_key key = top_screen_key();

	t->done = t->done || key == TOP_KEY_NONE;
	for (; key != TOP_KEY_NONE && !t->done; key = top_screen_key())
		press(t, key);
	if (!t->done)
		draw(t);
}

/* Every signal but a new size ends it. */
static void
take_signal(struct top *t)
{
	struct signalfd_siginfo info;

	if (read(t->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH)
		draw(t);
	else
		t->done = true;
}

/* ---- the loop ------------------------------------------------------------ */

static int
wait_ms(const struct top *t, int64_t now)
{
	bool asked = t->ask.fd >= 0;
	int64_t left = (asked ? t->late_ns : t->next_ns) - now;

	if (t->look.paused && !asked)
		return -1;
	return left <= 0 ? 0 : (int)((left + NS_PER_MS - 1) / NS_PER_MS);
}

static void
turn(struct top *t)
{
	struct pollfd fds[] = {
		{ .fd = t->signals, .events = POLLIN }, { .fd = t->ask.fd, .events = POLLIN },
		{ .fd = t->screen.handle != NULL ? STDIN_FILENO : -1, .events = POLLIN },
	};
	int r = poll(fds, sizeof(fds) / sizeof(fds[0]), wait_ms(t, clock_ns(CLOCK_MONOTONIC)));
	int64_t now = clock_ns(CLOCK_MONOTONIC);

	if (r < 0 && errno != EINTR) {
		t->done = true;
		t->code = CLI_ERROR;
	}
	if (r > 0 && fds[0].revents != 0)
		take_signal(t);
	if (r > 0 && fds[2].revents != 0 && !t->done)
		take_keys(t);
	if (r > 0 && fds[1].revents != 0 && !t->done)
		hear(t);
	if (!t->done && t->ask.fd >= 0 && now >= t->late_ns) {
		top_ask_end(&t->ask);
		silent(t, strerror(ETIMEDOUT));
	}
	if (!t->done && t->ask.fd < 0 && now >= t->next_ns && !t->look.paused)
		look_again(t, now);
}

/* Signals become something to read, so that none ends us with the terminal upset. */
static int
catch_signals(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, before);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int
run(struct top *t)
{
	bool terminal = !t->once && !t->cli->json;
	char why[128] = "";
	sigset_t before;

	if (terminal) {
		t->signals = catch_signals(&before);
		if (top_screen_open(&t->screen, why, sizeof(why)) < 0) {
			cli_complain(t->cli, MSG_CLI_TOP_NO_TERMINAL, why);
			t->done = true;
			t->code = CLI_ERROR;
		} else {
			t->look.keys = true;
			draw(t);
		}
	}
	t->next_ns = clock_ns(CLOCK_MONOTONIC);
	while (!t->done)
		turn(t);
	top_screen_close(&t->screen);
	if (t->signals >= 0)
		close(t->signals);
	if (terminal)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return t->code;
}

/* Seconds, negative when the text is no number that makes sense here. */
static double
parse_interval(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end != '\0' || !isfinite(seconds) || seconds < 0.1 || seconds > 3600)
		return -1;
	return seconds;
}

int
cli_top(int argc, char **argv, const struct cli *cli)
{
	struct top t = { .cli = cli, .ask.fd = -1, .signals = -1,
	    .look = { .language = cli->language, .interval = INTERVAL_DEFAULT } };
	const char *interval = NULL;
	const struct option_row rows[] = {
		{ "--interval", &interval, NULL }, { "--once", NULL, &t.once },
		{ NULL, NULL, NULL },
	};
	int code;

	if (options_take(argc, argv, rows) != 0)
		return cli_usage(cli, "top", MSG_CLI_BAD_ARGUMENTS);
	if (interval != NULL)
		t.look.interval = parse_interval(interval);
	if (t.look.interval < 0)
		return cli_usage(cli, "top", MSG_CLI_TOP_BAD_INTERVAL, interval);
	t.model = top_model_new();
	if (t.model == NULL) {
		cli_complain(cli, MSG_CLI_NO_MEMORY);
		return CLI_ERROR;
	}
	code = run(&t);
	top_ask_end(&t.ask);
	log_reader_close(t.log);
	top_grid_free(&t.grid);
	free(t.model);
	return code;
}
