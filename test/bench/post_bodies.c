/*-------------------------------------------------------------------------
 *
 * post_bodies.c
 *	  POST the same bodies, one after the other, over and over.
 *
 *	  post_bodies URL TOKEN COUNT FILE
 *
 * Each line of FILE is a body.  The replies are read and thrown away.  Prints
 * what measure() prints.
 *
 *-------------------------------------------------------------------------
 */
#include "client.h"

#include <string.h>

#define MAX_BODIES 100

typedef struct Bodies
{
	CURL *easy;
	char *bodies[MAX_BODIES];
	int n;
} Bodies;

static void
read_bodies(Bodies *bodies, const char *name)
{
	FILE *file = fopen(name, "r");
	char *line = NULL;
	size_t size = 0;

	if (file == NULL)
		fail("could not open the file of bodies");
	while (bodies->n < MAX_BODIES && getline(&line, &size, file) > 0)
	{
		line[strcspn(line, "\n")] = '\0';
		bodies->bodies[bodies->n++] = line;
		line = NULL;
	}
	free(line);
	fclose(file);
}

static void
post_all(void *arg)
{
	const Bodies *bodies = arg;

	for (int i = 0; i < bodies->n; i++)
	{
		curl_easy_setopt(bodies->easy, CURLOPT_POSTFIELDS, bodies->bodies[i]);
		curl_easy_setopt(bodies->easy, CURLOPT_POSTFIELDSIZE,
						 (long) strlen(bodies->bodies[i]));
		perform(bodies->easy);
	}
}

int
main(int argc, char **argv)
{
	Bodies bodies = {0};

	if (argc != 5)
		fail("usage: post_bodies URL TOKEN COUNT FILE");
	read_bodies(&bodies, argv[4]);
	bodies.easy = new_client(argv[1], argv[2], "Content-Type: application/json",
							 throw_away, NULL);
	measure(post_all, &bodies, atoi(argv[3]));

	curl_easy_cleanup(bodies.easy);
	while (bodies.n > 0)
		free(bodies.bodies[--bodies.n]);
	return 0;
}
