/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Yardsticks for the bench of replay, on the same file: how long it takes to do
 * nothing but walk over a capture. Prints nanoseconds a packet.
 *
 *   bench_readers mmap FILE     a mapping, every header read to the ports, no check
 *   bench_readers libpcap FILE  pcap_loop() with an empty callback
 */
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The sum keeps the compiler from leaving the work out. */
static unsigned long
walk_mapping(const uint8_t *bytes, size_t size, uint64_t *sum)
{
	unsigned long n = 0;

	for (size_t at = 24; at + 16 <= size; n++) {
		const uint8_t *frame = bytes + at + 16;
		uint32_t captured, src, dst, ports;

		memcpy(&captured, bytes + at + 8, 4);
		if (captured > size - at - 16)
			break;
		at += 16 + captured;
		if (captured < 42 || frame[12] != 8 || frame[13] != 0 || frame[14] != 0x45)
			continue;
		memcpy(&src, frame + 26, 4);
		memcpy(&dst, frame + 30, 4);
		memcpy(&ports, frame + 34, 4);
		*sum += (uint64_t)src ^ dst ^ ports ^ frame[23];
	}
	return n;
}

static unsigned long
by_mapping(const char *name, uint64_t *sum)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	unsigned long n;
	void *bytes;

	if (fd < 0 || fstat(fd, &st) != 0)
		return 0;
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED)
		return 0;
	madvise(bytes, (size_t)st.st_size, MADV_SEQUENTIAL);
	n = walk_mapping(bytes, (size_t)st.st_size, sum);
	munmap(bytes, (size_t)st.st_size);
	return n;
}

static void
empty(u_char *arg, const struct pcap_pkthdr *h, const u_char *bytes)
{
	unsigned long *n = (unsigned long *)(void *)arg;

	(void)h;
	(void)bytes;
	(*n)++;
}

static unsigned long
by_libpcap(const char *name)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(name, why);
	unsigned long n = 0;

	if (p == NULL)
		return 0;
	pcap_loop(p, -1, empty, (u_char *)&n);
	pcap_close(p);
	return n;
}

int
main(int argc, char **argv)
{
	double began = now();
	uint64_t sum = 0;
	unsigned long n = 0;

	if (argc == 3 && strcmp(argv[1], "mmap") == 0)
		n = by_mapping(argv[2], &sum);
	else if (argc == 3 && strcmp(argv[1], "libpcap") == 0)
		n = by_libpcap(argv[2]);
	if (n == 0) {
		fprintf(stderr, "bench_readers mmap|libpcap FILE\n");
		return EXIT_FAILURE;
	}
	printf("%.2f\n", (now() - began) / (double)n);
	return sum == 1;	/* never, but nobody can know */
}
