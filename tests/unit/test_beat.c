/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a child counts its parent sees; and nobody else has the page. */
#include "agent/beat.h"
#include "tests/unit/unit.h"

#include <sys/wait.h>
#include <unistd.h>

static void
a_child_is_seen(void)
{
	struct beat *b = beat_new(), *other = beat_new();
	int status = -1;
	pid_t pid;

	CU_ASSERT_FATAL(b != NULL && other != NULL);
	CU_ASSERT_EQUAL(atomic_load(&b->count), 0);
	CU_ASSERT_EQUAL(atomic_load(&b->landlock), 0);
	pid = fork();
	CU_ASSERT_FATAL(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			beat_strike(b);
		atomic_store(&b->landlock, 6);
		_exit(0);
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT_EQUAL(atomic_load(&b->count), 3);
	CU_ASSERT_EQUAL(atomic_load(&b->landlock), 6);
	CU_ASSERT_EQUAL(atomic_load(&other->count), 0);
	beat_forget(b);
	beat_forget(other);
}

static void
a_forgotten_one_is_out_of_reach(void)
{
	struct beat *b = beat_new();
	int status = 0;
	pid_t pid;

	CU_ASSERT_FATAL(b != NULL);
	pid = fork();
	CU_ASSERT_FATAL(pid >= 0);
	if (pid == 0) {
		beat_forget(b);
		/* what another child tries with a page that is not its own */
		beat_strike(b);
		_exit(0);
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CU_ASSERT_EQUAL(atomic_load(&b->count), 0);
	beat_forget(b);
}

static void
none_is_fine(void)
{
	beat_strike(NULL);
	beat_forget(NULL);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{ "a child is seen", a_child_is_seen },
		{ "a forgotten one is out of reach", a_forgotten_one_is_out_of_reach },
		{ "none is fine", none_is_fine },
		CU_TEST_INFO_NULL,
	};

	return unit_main("beat", tests);
}
