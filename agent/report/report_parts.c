/* SPDX-License-Identifier: GPL-2.0-or-later */
/* share/report, in the program itself: a report needs no file that could be missing. */
#include "agent/report/report_template.h"

#include <stdint.h>

/* Paths are those of the build, which runs at the top of the tree. */
#define EMBED(name, file)						\
	__asm__(".section .rodata\n"					\
	    ".global " #name "\n" ".global " #name "_length\n"		\
	    #name ":\n" ".incbin \"" file "\"\n" #name "_end:\n"	\
	    ".balign 8\n" #name "_length:\n" ".8byte " #name "_end - " #name "\n" \
	    ".previous\n")
EMBED(report_part_page, "share/report/report.html");
EMBED(report_part_style, "share/report/report.css");

extern const char report_part_page[], report_part_style[];
extern const uint64_t report_part_page_length, report_part_style_length;

const struct report_part *
report_parts(void)
{
	static struct report_part parts[] = {
		{ "page", report_part_page, 0 },
		{ "style", report_part_style, 0 },
		{ NULL, NULL, 0 },
	};

	parts[0].length = report_part_page_length;
	parts[1].length = report_part_style_length;
	return parts;
}
