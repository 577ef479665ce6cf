/*-------------------------------------------------------------------------
 *
 * point_get.c
 *	  The least that a program can do: the same GET over and over.
 *
 *	  point_get URL TOKEN COUNT
 *
 * What t/009_point_query.t compares the wrapper with.  One easy handle, one
 * connection, the headers that the wrapper sends; the replies are read and
 * thrown away.  Prints the milliseconds that COUNT requests took, after one
 * that is not counted, and the milliseconds of processor time among them.
 *
 *-------------------------------------------------------------------------
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static size_t
throw_away(char *data, size_t size, size_t n, void *arg)
{
	(void) data;
	(void) arg;
	return size * n;
}

static double
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static double
cpu_ms(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
		   (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static void
get(CURL *easy)
{
	long status = 0;
	CURLcode code = curl_easy_perform(easy);

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && status == 200)
		return;
	fprintf(stderr, "point_get: %s, status %ld\n", curl_easy_strerror(code),
			status);
	exit(1);
}

int
main(int argc, char **argv)
{
	CURL *easy;
	struct curl_slist *headers;
	char authorization[2048];
	double start;
	double cpu;

	if (argc != 4)
	{
		fprintf(stderr, "usage: point_get URL TOKEN COUNT\n");
		return 2;
	}
	snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s",
			 argv[2]);
	headers = curl_slist_append(NULL, "Accept: application/json");
	headers = curl_slist_append(headers, authorization);

	curl_global_init(CURL_GLOBAL_DEFAULT);
	easy = curl_easy_init();
	if (easy == NULL || headers == NULL)
		return 1;
	curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "catalogs_fdw/1.0");
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, throw_away);

	get(easy);
	cpu = cpu_ms();
	start = now_ms();
	for (int i = atoi(argv[3]); i > 0; i--)
		get(easy);
	printf("%.3f %.3f\n", now_ms() - start, cpu_ms() - cpu);

	curl_easy_cleanup(easy);
	curl_slist_free_all(headers);
	return 0;
}
