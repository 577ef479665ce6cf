/*-------------------------------------------------------------------------
 *
 * point_get.c
 *	  The least that a program can do: the same GET over and over.
 *
 *	  point_get URL TOKEN COUNT
 *
 * What t/009_point_query.t and the benchmark compare the wrapper with.  The
 * replies are read and thrown away.  Prints what measure() prints.
 *
 *-------------------------------------------------------------------------
 */
#include "client.h"

static void
get(void *easy)
{
	perform(easy);
}

int
main(int argc, char **argv)
{
	CURL *easy;

	if (argc != 4)
		fail("usage: point_get URL TOKEN COUNT");
	easy = new_client(argv[1], argv[2], NULL, throw_away, NULL);
	measure(get, easy, atoi(argv[3]));
	curl_easy_cleanup(easy);
	return 0;
}
