/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_VERSION_H
#define AGENT_VERSION_H

#define SEKISHO_VERSION "0.1.0"

#endif /* AGENT_VERSION_H */
