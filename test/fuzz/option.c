/*-------------------------------------------------------------------------
 *
 * option.c (fuzz)
 *	  Options and addresses.
 *
 * The input: a byte that says of what, one that says which option, and its value;
 * further options follow, a line each.  What is accepted can be read, is the same
 * when it is read again, and holds what it promises: an address that counts as this
 * machine's is so by its number or name, and nothing in it could add to a request.
 * What is refused is not shown where it is a secret.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_user_mapping.h"
#include "nodes/makefuncs.h"
#include "nodes/pg_list.h"
#include "utils/memutils.h"

#include "declare/option.h"
#include "declare/url.h"
#include "fuzz.h"

/* Where an option may stand, and which there are. */
static const Oid catalogs[] = {ForeignServerRelationId, ForeignTableRelationId,
							   UserMappingRelationId, AttributeRelationId};

static const char *const names[] = {
	"url",          "path",           "connect_timeout",
	"max_retries",  "batch_size",     "write_mode",
	"undo",         "fdw_tuple_cost", "max_response_size",
	"proxy",        "user_agent",     "ca_file",
	"access_token", "login",          "api_key",
	"proxy_user",   "proxy_password", "column_name",
	"constant",     "request_timeout"};

static void check_secrets(List *options, const FuzzError *error);
static void check_server(List *options);
static void check_user(List *options);
static void check_address(const char *url);
static bool is_loopback(const char *host);
static bool is_secret(const char *name);

static void
run(FuzzInput *input)
{
	Oid catalog = catalogs[fuzz_below(input, lengthof(catalogs))];
	FuzzError error;
	List *options = NIL;

	do
	{
		int name = fuzz_byte(input);
		char *value = fuzz_line(input);

		/* One that there is, or one that is made up. */
		options =
			lappend(options, makeDefElem(pstrdup(name < (int) lengthof(names)
													 ? names[name]
													 : value),
										 (Node *) makeString(value), -1));
		check_address(value);
	} while (input->next < input->end && list_length(options) < 8);

	FUZZ_TRY(&error, cfdw_option_validate(options, catalog));
	if (error.sqlstate != 0)
	{
		check_secrets(options, &error);
		FUZZ_CHECK(error.sqlstate != ERRCODE_INTERNAL_ERROR, "%s", error.words);
		return;
	}
	if (catalog == ForeignServerRelationId)
		check_server(options);
	else if (catalog == UserMappingRelationId)
		check_user(options);
}

/*
 * An error tells no secret; but for what no message has from anywhere else.
 */
static void
check_secrets(List *options, const FuzzError *error)
{
	ListCell *lc;
	ListCell *other;

	foreach(lc, options)
	{
		const char *secret = strVal(((DefElem *) lfirst(lc))->arg);
		bool elsewhere =
			strlen(secret) < 12 || strpbrk(secret, "0123456789") == NULL;

		foreach(other, options)
		{
			DefElem *def = lfirst(other);

			if (strstr(def->defname, secret) != NULL ||
				(!is_secret(def->defname) &&
				 strstr(strVal(def->arg), secret) != NULL))
				elsewhere = true;
		}
		FUZZ_CHECK(elsewhere || strstr(error->words, secret) == NULL,
				   "a secret is told: %s", error->words);
	}
}

/*
 * What a server may have can be read, and holds.
 */
static void
check_server(List *options)
{
	ForeignServer server = {.options = options};
	CfdwOptions read;

	cfdw_option_server(&server, &read);
	check_address(read.url);
	FUZZ_CHECK(read.url[strlen(read.url) - 1] != '/', "a slash at the end");
	FUZZ_CHECK(read.connect_timeout_ms > 0 && read.request_timeout_ms > 0 &&
				   read.batch_size >= 1 && read.batch_size <= 500 &&
				   read.max_retries >= 0 && read.max_retries <= 100 &&
				   read.max_response_size >= 1 && read.fdw_tuple_cost >= 0,
			   "out of range");
	for (const char *p = read.user_agent; *p != '\0'; p++)
		FUZZ_CHECK((unsigned char) *p >= ' ', "a header could be added");
}

static void
check_user(List *options)
{
	UserMapping user = {.options = options};
	CfdwCredentials read;
	ListCell *lc;

	cfdw_option_user(&user, &read);
	FUZZ_CHECK((read.access_token != NULL) !=
				   (read.login != NULL && read.api_key != NULL),
			   "no way to sign in, or two");
	foreach(lc, read.secrets)
		for (const char *p = lfirst(lc); *p != '\0'; p++)
			FUZZ_CHECK((unsigned char) *p >= ' ', "a header could be added");
}

/*
 * An address, if it is one.
 */
static void
check_address(const char *text)
{
	CfdwUrl url;
	CfdwUrl again;
	char *fault = cfdw_url_read(text, &url);
	const char *host;
	char *bare;

	if (fault != NULL)
	{
		FUZZ_CHECK(fault[0] != '\0', "nothing is wrong with it");
		return;
	}
	FUZZ_CHECK(strpbrk(text, " \t\r\n?#\\") == NULL, "%s is accepted", text);
	FUZZ_CHECK(url.secure == (pg_strncasecmp(text, "https:", 6) == 0),
			   "%s is secure: %d", text, url.secure);
	host = strstr(text, "//");
	FUZZ_CHECK(host != NULL, "%s has no host", text);
	FUZZ_CHECK(!url.loopback || is_loopback(host + 2),
			   "%s counts as this machine", text);
	bare = pnstrdup(text, strlen(text) - (text[strlen(text) - 1] == '/'));
	FUZZ_CHECK(cfdw_url_read(bare, &again) == NULL &&
				   again.loopback == url.loopback && again.secure == url.secure,
			   "%s is another one without a slash", text);
}

/*
 * Whether what stands in an address behind its scheme is this machine by its number
 * or name.
 */
static bool
is_loopback(const char *text)
{
	char *host = pstrdup(text);
	struct in_addr v4;
	struct in6_addr v6;
	size_t len;

	if (strchr(host, '@') != NULL)
		host = strchr(host, '@') + 1;
	if (host[0] == '[')
	{
		host++;
		host[strcspn(host, "]")] = '\0';
		return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
	}
	host[strcspn(host, ":/")] = '\0';
	if (inet_pton(AF_INET, host, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127;
	len = strlen(host);
	return pg_strcasecmp(host, "localhost") == 0 ||
		   (len >= 10 && pg_strcasecmp(host + len - 10, ".localhost") == 0);
}

static bool
is_secret(const char *name)
{
	static const char *const secrets[] = {"access_token", "login", "api_key",
										  "proxy_user", "proxy_password"};

	for (size_t i = 0; i < lengthof(secrets); i++)
		if (strcmp(secrets[i], name) == 0)
			return true;
	return false;
}

const FuzzTarget fuzz_option = {"option", NULL, run};
