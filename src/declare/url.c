/*-------------------------------------------------------------------------
 *
 * url.c
 *	  The address of an account or of a proxy.
 *
 * Owns what an address may look like, and which are those of this machine.  It is
 * taken apart by libcurl, which does the same again to connect: so both agree on
 * what the host is.  Must not know what is asked there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "declare/url.h"

/* The parts of an address. */
typedef struct Parts
{
	char scheme[CFDW_URL_SIZE];
	char host[CFDW_URL_SIZE];
	char port[CFDW_URL_SIZE]; /* empty: that of the scheme */
	char path[CFDW_URL_SIZE]; /* "/": none */
} Parts;

static CURLUcode take_apart(const char *text, Parts *parts);
static void copy_part(CURLU *handle, CURLUPart which, char *part);
static const char *hint_of(CURLUcode code);
static bool host_is_loopback(const char *host);

/*
 * Reads TEXT, which is scheme, host and perhaps a port, into *URL.  NULL, or what
 * is wrong with it, as a sentence in the language of messages.
 */
char *
cfdw_url_read(const char *text, CfdwUrl *url)
{
	Parts parts;
	char *plain;
	CURLUcode code;

	if (text[0] == '\0')
		return pstrdup(_(hint_of(CURLUE_BAD_SCHEME)));
	if (strlen(text) >= CFDW_URL_SIZE)
		return psprintf(_("A URL has no more than %d bytes."),
						CFDW_URL_SIZE - 1);
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char) *p <= ' ' || *p == 0x7f)
			return pstrdup(_(hint_of(CURLUE_MALFORMED_INPUT)));
	code = take_apart(text, &parts);
	if (code == CURLUE_OUT_OF_MEMORY)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (code == CURLUE_OK && strcmp(parts.scheme, "https") != 0 &&
		strcmp(parts.scheme, "http") != 0)
		code = CURLUE_BAD_SCHEME;
	else if (code == CURLUE_OK && parts.port[0] == '0')
		code = CURLUE_BAD_PORT_NUMBER;
	if (code != CURLUE_OK)
		return pstrdup(_(hint_of(code)));
	if (strcmp(parts.path, "/") != 0 || strpbrk(text, "?#") != NULL)
		return pstrdup(_(
			"Give scheme, host and port alone; the path is an option of the table."));

	/* What is read otherwise than it looks is a trap: http://127.999. */
	plain = psprintf("%s://%s%s%s", parts.scheme, parts.host,
					 parts.port[0] != '\0' ? ":" : "", parts.port);
	if (pg_strncasecmp(text, plain, strlen(plain)) != 0 ||
		(text[strlen(plain)] != '\0' && strcmp(text + strlen(plain), "/") != 0))
		return psprintf(_("Write it as it is read: \"%s\"."), plain);

	url->secure = strcmp(parts.scheme, "https") == 0;
	url->loopback = host_is_loopback(parts.host);
	return NULL;
}

/*
 * An address that was read, as all write it that mean the same: palloc'ed.
 */
char *
cfdw_url_canonical(const char *url)
{
	char *canonical = pstrdup(url);
	const char *port =
		pg_strncasecmp(url, "https:", strlen("https:")) == 0 ? ":443" : ":80";
	size_t len = strlen(canonical);

	for (char *p = canonical; *p != '\0'; p++)
		*p = pg_ascii_tolower((unsigned char) *p);
	if (len > strlen(port) && strcmp(canonical + len - strlen(port), port) == 0)
		canonical[len - strlen(port)] = '\0';
	return canonical;
}

/*
 * Whether an address is one of this machine, which nobody else can have.  Never
 * raises: it is asked by libcurl as well.
 */
bool
cfdw_url_is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *) address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) address;

	if (address->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return address->sa_family == AF_INET6 &&
		   IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/*
 * Takes TEXT apart into *PARTS.  Never raises.
 */
static CURLUcode
take_apart(const char *text, Parts *parts)
{
	CURLU *handle = curl_url();
	CURLUcode code;

	if (handle == NULL)
		return CURLUE_OUT_OF_MEMORY;
	code = curl_url_set(handle, CURLUPART_URL, text, 0);
	if (code == CURLUE_OK)
	{
		copy_part(handle, CURLUPART_SCHEME, parts->scheme);
		copy_part(handle, CURLUPART_HOST, parts->host);
		copy_part(handle, CURLUPART_PORT, parts->port);
		copy_part(handle, CURLUPART_PATH, parts->path);
	}
	curl_url_cleanup(handle);
	return code;
}

/*
 * Copies a part, which is not longer than the whole; nothing when it is missing.
 */
static void
copy_part(CURLU *handle, CURLUPart which, char *part)
{
	char *text = NULL;

	curl_url_get(handle, which, &text, 0);
	strlcpy(part, text != NULL ? text : "", CFDW_URL_SIZE);
	curl_free(text);
}

static const char *
hint_of(CURLUcode code)
{
	switch (code)
	{
		case CURLUE_BAD_SCHEME:
		case CURLUE_BAD_SLASHES:
		case CURLUE_UNSUPPORTED_SCHEME:
			return gettext_noop(
				"A URL begins with https:// (or http:// for this machine itself).");
		case CURLUE_NO_HOST:
			return gettext_noop("The host is missing.");
		case CURLUE_BAD_PORT_NUMBER:
			return gettext_noop(
				"A port is a number from 1 to 65535; an IPv6 address stands in brackets.");
		case CURLUE_BAD_IPV6:
			return gettext_noop(
				"An IPv6 address stands in brackets, a port after them.");
		default:
			return gettext_noop("A URL has no spaces or special characters.");
	}
}

/*
 * Whether a host is this machine by its nature: localhost, a name below it (RFC
 * 6761), 127.0.0.0/8 or ::1.
 */
static bool
host_is_loopback(const char *host)
{
	static const char localhost[] = "localhost";
	size_t len = strlen(host);
	size_t tail = strlen(localhost);
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	char number[CFDW_URL_SIZE];

	if (len >= tail && pg_strcasecmp(host + len - tail, localhost) == 0)
		return len == tail || host[len - tail - 1] == '.';
	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
		return cfdw_url_is_loopback((struct sockaddr *) &v4);
	if (host[0] != '[')
		return false;
	strlcpy(number, host + 1, sizeof(number));
	number[strcspn(number, "]")] = '\0';
	return inet_pton(AF_INET6, number, &v6.sin6_addr) == 1 &&
		   cfdw_url_is_loopback((struct sockaddr *) &v6);
}
