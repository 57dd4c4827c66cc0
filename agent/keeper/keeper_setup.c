/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is made while the daemon may still do everything: folders, sockets, descriptors. */
#include "agent/keeper/keeper_internal.h"

#include "agent/keeper/keeper_gate.h"
#include "agent/log.h"
#include "agent/privilege.h"
#include "kernel-helpers/rtnl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct folder {
	const char *path;
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

/*
 * Make a folder that belongs to a role; one that is there must be a folder, and
 * is touched only where it is not as it should be (systemd-tmpfiles(8) may have
 * made it, and then no CAP_CHOWN is needed here).
 */
static int
make_folder(const struct folder *f)
{
	struct stat st;

	if (mkdir(f->path, f->mode & 0777) < 0 && errno != EEXIST) {
		log_warn("keeper: cannot make the folder %s", f->path);
		return -errno;
	}
	if (lstat(f->path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		log_warnx("keeper: %s is not a folder", f->path);
		return -ENOTDIR;
	}
	if ((st.st_uid != f->uid || st.st_gid != f->gid) &&
	    chown(f->path, f->uid, f->gid) < 0) {
		log_warn("keeper: cannot give %s to its user", f->path);
		return -errno;
	}
	if ((st.st_mode & 07777) != f->mode && chmod(f->path, f->mode) < 0) {
		log_warn("keeper: cannot set the mode of %s", f->path);
		return -errno;
	}
	return 0;
}

/*
 * The run folder is open to all: who may say what is decided by credentials.
 * New files of the log folder take its group, so that auditors can read them.
 */
static int
make_folders(const struct paths *p)
{
	struct privilege_user keeper = privilege_user_of(ROLE_KEEPER);
	struct privilege_user control = privilege_user_of(ROLE_CONTROL);
	struct privilege_user recorder = privilege_user_of(ROLE_RECORDER);
	struct privilege_user alerter = privilege_user_of(ROLE_ALERTER);
	struct privilege_user forwarder = privilege_user_of(ROLE_FORWARDER);
	char alerts[PATHS_SIZE];
	const struct folder folders[] = {
		{ p->run, keeper.uid, keeper.gid, 0755 },
		{ p->state, control.uid, control.gid, 0750 },
		{ p->log, recorder.uid, privilege_log_group(), 02750 },
	};
	const struct folder others[] = {
		{ alerts, alerter.uid, alerter.gid, 0700 },
		{ p->views, forwarder.uid, forwarder.gid, 02750 },
		{ p->metrics, forwarder.uid, forwarder.gid, 0755 },
	};
	int r = keeper_alerts_folder(p, alerts, sizeof(alerts));

	for (size_t i = 0; r == 0 && i < sizeof(folders) / sizeof(folders[0]); i++)
		r = make_folder(&folders[i]);
	/* Alerts and views are not worth a gate. */
	if (r == 0)
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			(void)make_folder(&others[i]);
	return r;
}

/* One daemon a run folder: the lock lives as long as the keeper. */
static int
take_lock(const struct paths *p)
{
	int folder = open(p->run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Only to read: one that an older version left is root's. */
	int fd = folder < 0 ? -1 :
	    openat(folder, "sekishod.lock", O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (folder >= 0)
		close(folder);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		log_warnx("keeper: another sekishod works in %s", p->run);
		close(fd);
		return -EBUSY;
	}
	return 0;
}

static int
open_control_socket(struct keeper *k, const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct stat st;

	/* Only a socket that a dead daemon left is taken away; the lock is ours. */
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
	memcpy(sun.sun_path, path, strnlen(path, sizeof(sun.sun_path) - 1));
	k->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (k->listen_fd < 0)
		return -errno;
	if (bind(k->listen_fd, (const struct sockaddr *)&sun, sizeof(sun)) < 0) {
		log_warn("keeper: cannot listen at %s", path);
		return -errno;
	}
	if (chmod(path, 0666) < 0 || listen(k->listen_fd, 32) < 0)
		return -errno;
	return 0;
}

/* One process that hangs must not make another wait: a full queue is an error. */
static int
make_pair(int pair[2])
{
	int r = ipc_pair(pair);

	for (int i = 0; r == 0 && i < 2; i++)
		if (fcntl(pair[i], F_SETFL, O_NONBLOCK) < 0)
			r = -errno;
	return r;
}

static int
make_pairs(struct keeper *k)
{
	int r = make_pair(k->control);

	if (r == 0)
		r = make_pair(k->tell);
	if (r == 0)
		r = make_pair(k->watch);
	if (r == 0)
		r = make_pair(k->view);
	for (int w = 0; r == 0 && w < WRITER_COUNT; w++)
		r = make_pair(k->record[w]);
	return r;
}

static void
warn_about_users(void)
{
	if (privilege_user_of(ROLE_KEEPER).fallback)
		log_warnx("keeper: the user of the keeper (sekisho.sysusers) is missing here; "
		    "it stays root");
	for (int role = ROLE_CONTROL; role < ROLE_COUNT; role++)
		if (privilege_user_of((enum privilege_role)role).fallback) {
			log_warnx("keeper: the users of sekisho.sysusers are missing here; "
			    "running as nobody instead");
			return;
		}
}

/* What a confined process can no longer find out. */
static int
look_up(struct keeper *k)
{
	size_t seed = 0;

	k->audit_gid = privilege_group("sekisho-audit");
	k->admin_gid = privilege_group("sekisho-admin");
	/* jansson reads /dev/urandom, or else takes the time and the pid for chance. */
	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return -errno;
	json_object_seed(seed | 1);
	for (int id = 0; id < CHILD_COUNT; id++) {
		k->beats[id] = beat_new();
		if (k->beats[id] == NULL)
			return -errno;
	}
	return 0;
}

int
keeper_setup(struct keeper *k)
{
	const struct paths *p = &k->options->paths;
	int r = make_folders(p);

	warn_about_users();
	if (r == 0)
		r = look_up(k);
	if (r == 0)
		r = take_lock(p);
	if (r == 0)
		r = open_control_socket(k, p->socket);
	if (r == 0)
		r = make_pairs(k);
	if (r < 0)
		return r;
	k->log_fd = open(p->log, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k->log_fd < 0)
		return -errno;
	keeper_open_views(k);
	r = keeper_canary_open(k);
	if (r < 0) {
		log_warnx("keeper: no frame can be sent to test the taps: %s", strerror(-r));
		return r;
	}
	k->nft = nft_channel_open();
	if (k->nft == NULL) {
		log_warn("keeper: cannot open nf_tables");
		return -errno;
	}
	k->rtnl_fd = rtnl_open();
	k->rtnl_events_fd = k->rtnl_fd < 0 ? k->rtnl_fd : rtnl_open_events();
	if (k->rtnl_events_fd < 0)
		return k->rtnl_events_fd;
	return keeper_gate_open(k);
}
