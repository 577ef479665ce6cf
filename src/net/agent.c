/*-------------------------------------------------------------------------
 *
 * agent.c
 *	  What a request says of who sends it: the header User-Agent.
 *
 * Owns what the escapes of the option "user_agent" stand for: the same as in
 * postgres_fdw.application_name.  What stands in a catalog is looked up before, so
 * that an abort can send requests.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "net/agent.h"

/* The database of the session, once it was looked up: it has one name for good. */
static char database[NAMEDATALEN] = "";

static const char *meaning_of(char escape, char *buffer, size_t size);
static const char *or_nothing(const char *text);
static void make_printable(char *text);

/*
 * Looks up what cfdw_agent_write() needs of the catalogs.
 */
void
cfdw_agent_prepare(void)
{
	char *name;

	if (database[0] != '\0')
		return;
	name = get_database_name(MyDatabaseId);
	if (name != NULL)
		strlcpy(database, name, sizeof(database));
}

/*
 * Writes the text of FORMAT, its escapes replaced, to AGENT, which has room for
 * CFDW_AGENT_SIZE bytes.  Never raises.
 */
void
cfdw_agent_write(const char *format, char *agent)
{
	char buffer[64];
	size_t len = 0;

	for (const char *p = format; *p != '\0' && len < CFDW_AGENT_SIZE - 1; p++)
		if (*p == '%' && p[1] != '\0')
			len +=
				strlcpy(agent + len, meaning_of(*++p, buffer, sizeof(buffer)),
						CFDW_AGENT_SIZE - len);
		else
			agent[len++] = *p;
	agent[Min(len, CFDW_AGENT_SIZE - 1)] = '\0';
	make_printable(agent);
}

/*
 * What an escape stands for; BUFFER is there for those that have to be written.
 */
static const char *
meaning_of(char escape, char *buffer, size_t size)
{
	switch (escape)
	{
		case 'a':
			return or_nothing(application_name);
		case 'c':
			snprintf(buffer, size, "%lx.%x", (long) MyStartTime, MyProcPid);
			return buffer;
		case 'C':
			return or_nothing(cluster_name);
		case 'd':
			return database;
		case 'p':
			snprintf(buffer, size, "%d", MyProcPid);
			return buffer;
		case 'u':
			return or_nothing(
				GetConfigOption("session_authorization", true, false));
		default:
			return "%"; /* "%%"; option.c lets no other pass */
	}
}

/*
 * A background worker may have no role, or no name.
 */
static const char *
or_nothing(const char *text)
{
	return text != NULL ? text : "";
}

/*
 * A header holds one line of ASCII.
 */
static void
make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}
