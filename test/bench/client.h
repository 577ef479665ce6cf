/*-------------------------------------------------------------------------
 *
 * client.h
 *	  What the programs that the wrapper is compared with have in common.
 *
 * The least that a program can do with libcurl: one easy handle, one kept
 * connection, the headers that the wrapper sends.  Whatever fails ends the
 * program.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static inline double
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static inline double
cpu_ms(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
		   (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static inline void
fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static inline size_t
throw_away(char *data, size_t size, size_t n, void *arg)
{
	(void) data;
	(void) arg;
	return size * n;
}

/*
 * A handle that asks URL, and hands the bytes of a reply to RECEIVE.
 * CONTENT_TYPE is the header that goes with a body, or NULL.
 */
static inline CURL *
new_client(const char *url, const char *token, const char *content_type,
		   curl_write_callback receive, void *arg)
{
	CURL *easy;
	struct curl_slist *headers;
	char authorization[2048];

	snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s",
			 token);
	headers = curl_slist_append(NULL, "Accept: application/json");
	headers = curl_slist_append(headers, authorization);
	if (content_type != NULL)
	{
		headers = curl_slist_append(headers, content_type);
		headers = curl_slist_append(headers, "Expect:");
	}

	curl_global_init(CURL_GLOBAL_DEFAULT);
	easy = curl_easy_init();
	if (easy == NULL || headers == NULL)
		fail("could not set up libcurl");
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "catalogs_fdw/1.0");
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, arg);
	return easy;
}

static inline void
perform(CURL *easy)
{
	long status = 0;
	CURLcode code = curl_easy_perform(easy);

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && status == 200)
		return;
	fprintf(stderr, "%s, status %ld\n", curl_easy_strerror(code), status);
	exit(1);
}

/*
 * Does WORK once to warm up, then COUNT times, and prints the milliseconds that
 * these took and the milliseconds of processor time among them.
 */
static inline void
measure(void (*work)(void *arg), void *arg, int count)
{
	double start;
	double cpu;

	work(arg);
	cpu = cpu_ms();
	start = now_ms();
	for (int i = 0; i < count; i++)
		work(arg);
	printf("%.3f %.3f\n", now_ms() - start, cpu_ms() - cpu);
}

#endif /* CLIENT_H */
