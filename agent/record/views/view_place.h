/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The place of a view over the end of its process: one small file each. */
#ifndef AGENT_RECORD_VIEWS_VIEW_PLACE_H
#define AGENT_RECORD_VIEWS_VIEW_PLACE_H

struct view;

/* A view that has no place yet begins at the end of the log. 0 or negative errno. */
int view_place_load(struct view *v);

/* Where it has changed. A failure is told; it means records twice after a kill. */
void view_place_save(struct view *v);

#endif /* AGENT_RECORD_VIEWS_VIEW_PLACE_H */
