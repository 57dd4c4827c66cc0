/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small files of the state folder that must outlive a crash: what is written is there
 * whole or not at all, and what is read back is believed only when it is whole.
 * One process writes a folder. The last line of a file is the SHA-256 of what stands
 * before it; nobody but the writer and root could have changed a file without it.
 */
#ifndef AGENT_STATE_FILE_H
#define AGENT_STATE_FILE_H

#include <jansson.h>
#include <stddef.h>

/* Bytes of a name: letters, digits, '-', '_' and '.', which cannot stand first. */
#define STATE_FILE_NAME 63u

/*
 * The folder, or "name" in one: made (0700) where it is missing. It must belong to us or to
 * root, and nobody else may write to it: -EPERM. Returns a descriptor or a negative errno.
 */
int state_folder_open(const char *path);
int state_folder_open_at(int folder, const char *name);

/*
 * The same for one who only reads, as root what another user's process wrote: nothing is
 * made, and it may belong to anybody. -ENOENT: it is not there.
 */
int state_folder_look(const char *path);
int state_folder_look_at(int folder, const char *name);

/*
 * The content without its last line, NUL terminated behind its end; the caller frees it.
 * -ENOENT: no such file; -EFBIG: more than max bytes; -EBADMSG: damaged; -EPERM: no
 * regular file, of somebody else than us, root and the folder's owner, or others may
 * write to it.
 */
int state_file_read(int folder, const char *name, size_t max, char **bytes, size_t *length);

/*
 * Replace the file, mode 0600: written aside, synced, renamed, the folder synced.
 * 0; -EUCLEAN: the new content stands, but may not outlive a power cut; any other
 * negative errno: the old content stands.
 */
int state_file_write(int folder, const char *name, const void *bytes, size_t length);

/* 0, also when there is none; -EUCLEAN: gone, but a power cut may bring it back. */
int state_file_remove(int folder, const char *name);

/*
 * The same with one JSON object. Reading: -EBADMSG also for what is no object, has a
 * key twice, or is nested beyond measure. *value is the caller's to release.
 */
int state_file_read_json(int folder, const char *name, size_t max, json_t **value);
int state_file_write_json(int folder, const char *name, const json_t *value);

#endif /* AGENT_STATE_FILE_H */
