/*-------------------------------------------------------------------------
 *
 * machine.c
 *	  What may be wrong with a machine, for t/035_no_memory, t/036_clock,
 *	  t/043_no_descriptors and t/044_disk_full; and what is in its memory, for
 *	  t/041_secrets.
 *
 * Preloaded into the server it stands before functions of the C library: malloc() and
 * its kin, of which one call fails that comes from libcurl or json-c, or that and all
 * that follow; gettimeofday(); and pwrite() and its kin.  Loaded as an extension's
 * library it has the functions that say which, and when.
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include "postgres.h"

#include <errno.h>
#include <link.h>
#include <string.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "fmgr.h"
#include "lib/stringinfo.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(fail_allocation);
PG_FUNCTION_INFO_V1(allocations);
PG_FUNCTION_INFO_V1(set_clock_back);
PG_FUNCTION_INFO_V1(leave_room);
PG_FUNCTION_INFO_V1(leave_descriptors);
PG_FUNCTION_INFO_V1(copies);

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);

/* Where the code of such a library lies. */
typedef struct Range
{
	uintptr_t start;
	uintptr_t end;
	bool checks_strdup;
} Range;

static Range ranges[8];
static int nranges;

static int64 calls;  /* so far, from there */
static int64 fails;  /* which of them does; 0: none */
static bool forever; /* and all after it */

static int seconds_back;
static int looks;

static int
note_library(struct dl_phdr_info *info, size_t size, void *arg)
{
	if (strstr(info->dlpi_name, "libcurl") == NULL &&
		strstr(info->dlpi_name, "libjson-c") == NULL)
		return 0;
	for (int i = 0; i < info->dlpi_phnum && nranges < (int) lengthof(ranges);
		 i++)
	{
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];

		if (header->p_type != PT_LOAD || !(header->p_flags & PF_X))
			continue;
		ranges[nranges].start = info->dlpi_addr + header->p_vaddr;
		ranges[nranges].end = ranges[nranges].start + header->p_memsz;
		/* json-c up to 0.16 does not look whether it has the copy of a key. */
		ranges[nranges].checks_strdup =
			strstr(info->dlpi_name, "libjson-c") == NULL;
		nranges++;
	}
	return 0;
}

/*
 * Whether the allocation that CALLER asks for fails; that of a COPY of a text.
 */
static bool
is_to_fail(void *caller, bool copy)
{
	uintptr_t address = (uintptr_t) caller;

	if (fails == 0)
		return false;
	for (int i = 0; i < nranges; i++)
		if (address >= ranges[i].start && address < ranges[i].end &&
			(!copy || ranges[i].checks_strdup))
		{
			calls++;
			if (calls == fails || (forever && calls > fails))
			{
				errno = ENOMEM;
				return true;
			}
		}
	return false;
}

void *
malloc(size_t size)
{
	return is_to_fail(__builtin_return_address(0), false) ? NULL
														  : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return is_to_fail(__builtin_return_address(0), false)
			   ? NULL
			   : __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
	return is_to_fail(__builtin_return_address(0), false)
			   ? NULL
			   : __libc_realloc(old, size);
}

char *
strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = is_to_fail(__builtin_return_address(0), true)
					 ? NULL
					 : __libc_malloc(size);

	return copy != NULL ? memcpy(copy, text, size) : NULL;
}

/*
 * The time of day, less what it was set back; each look at it sets it back further.
 */
int
gettimeofday(struct timeval *now, void *zone)
{
	struct timespec real;

	if (syscall(SYS_clock_gettime, CLOCK_REALTIME, &real) != 0)
		return -1;
	now->tv_sec = real.tv_sec - looks * seconds_back;
	now->tv_usec = real.tv_nsec / 1000;
	looks++;
	return 0;
}

/*
 * set_clock_back(seconds): from here on, so far at each look at it; 0 for never.
 */
Datum
set_clock_back(PG_FUNCTION_ARGS)
{
	seconds_back = PG_GETARG_INT32(0);
	looks = 0;
	PG_RETURN_VOID();
}

/*
 * fail_allocation(n, forever): the Nth allocation from here on fails, and all after
 * it if that is wanted; none with 0.
 */
Datum
fail_allocation(PG_FUNCTION_ARGS)
{
	nranges = 0;
	dl_iterate_phdr(note_library, NULL);
	calls = 0;
	fails = PG_GETARG_INT64(0);
	forever = PG_GETARG_BOOL(1);
	PG_RETURN_VOID();
}

/*
 * How many there were since.
 */
Datum
allocations(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(calls);
}

/*
 * leave_room(bytes): for what is written into temporary files from here on; then the
 * disk is full.  Negative: there is no end of it.
 */
static int64 room = -1;

Datum
leave_room(PG_FUNCTION_ARGS)
{
	room = PG_GETARG_INT64(0);
	PG_RETURN_VOID();
}

static bool
is_full(int fd, size_t bytes)
{
	char link[64];
	char path[1024];
	ssize_t len;

	if (room < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	path[Max(len, 0)] = '\0';
	if (strstr(path, "pgsql_tmp") == NULL)
		return false;
	if (room >= bytes)
	{
		room -= bytes;
		return false;
	}
	room = 0;
	errno = ENOSPC;
	return true;
}

ssize_t
pwrite(int fd, const void *data, size_t size, off_t offset)
{
	return is_full(fd, size) ? -1 : syscall(SYS_pwrite64, fd, data, size, offset);
}

ssize_t
pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
	return pwrite(fd, data, size, offset);
}

ssize_t
pwritev(int fd, const struct iovec *parts, int n, off_t offset)
{
	size_t size = 0;

	for (int i = 0; i < n; i++)
		size += parts[i].iov_len;
	return is_full(fd, size) ? -1
							 : syscall(SYS_pwritev, fd, parts, n, offset, 0L);
}

ssize_t
pwritev64(int fd, const struct iovec *parts, int n, off64_t offset)
{
	return pwritev(fd, parts, n, offset);
}

/*
 * leave_descriptors(n): so many more can be opened by this backend; -1: as many as
 * ever; -2: none, even if it closes some.
 */
Datum
leave_descriptors(PG_FUNCTION_ARGS)
{
	int n = PG_GETARG_INT32(0);
	struct rlimit limit;
	int fd = 0;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = n == -2 ? 3 : limit.rlim_max;
	for (; n >= 0; fd++)
		if (fcntl(fd, F_GETFD) < 0 && n-- == 0)
			limit.rlim_cur = fd;
	setrlimit(RLIMIT_NOFILE, &limit);
	PG_RETURN_VOID();
}

/* What stands before a copy. */
#define BEFORE 24

static void
show_copy(StringInfo copies, const char *copy, int len)
{
	for (const char *p = copy - BEFORE; p < copy; p++)
		appendStringInfoChar(copies, *p > ' ' && *p < 0x7f ? *p : '.');
	appendStringInfoString(copies, copy[len] == '\0' ? " end\n" : " more\n");
}

/*
 * Whether a text stands there.  It is given backwards, or it would be found where it
 * is given, too.
 */
static bool
is_copy(const char *p, const char *backwards, int len)
{
	for (int i = 0; i < len; i++)
		if (p[i] != backwards[len - 1 - i])
			return false;
	return true;
}

/*
 * copies(backwards cstring): each place in the memory of this backend, what it shares
 * apart, where that text stands; a line shows what is before it, and whether it ends
 * there.
 */
Datum
copies(PG_FUNCTION_ARGS)
{
	char *backwards = PG_GETARG_CSTRING(0);
	int len = strlen(backwards);
	FILE *maps = fopen("/proc/self/maps", "r");
	StringInfoData found;
	char line[1024];

	initStringInfo(&found);
	enlargeStringInfo(&found, 1024 * 1024); /* before the maps are read */
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL)
	{
		char *start;
		char *end;

		if (sscanf(line, "%p-%p rw-p", (void **) &start, (void **) &end) != 2 ||
			strstr(line, " rw-p ") == NULL)
			continue;
		for (char *p = start + BEFORE; p < end - len; p++)
			if (*p == backwards[len - 1] && is_copy(p, backwards, len))
				show_copy(&found, p, len);
	}
	if (maps != NULL)
		fclose(maps);
	PG_RETURN_CSTRING(found.data);
}
