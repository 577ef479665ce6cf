/*-------------------------------------------------------------------------
 *
 * monitor.c
 *	  What can be seen from SQL of the wrapper at work.
 *
 * Owns the functions behind the views catalogs_fdw_sessions, catalogs_fdw_stats and
 * catalogs_fdw_progress, and those that act on what they show; and who may see what of
 * other roles.  Must not know how it comes about.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_user_mapping.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "foreign/foreign.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "net/progress.h"
#include "net/session.h"
#include "net/statistics.h"

PG_FUNCTION_INFO_V1(catalogs_fdw_sessions);
PG_FUNCTION_INFO_V1(catalogs_fdw_disconnect);
PG_FUNCTION_INFO_V1(catalogs_fdw_disconnect_all);
PG_FUNCTION_INFO_V1(catalogs_fdw_stats);
PG_FUNCTION_INFO_V1(catalogs_fdw_stats_reset);
PG_FUNCTION_INFO_V1(catalogs_fdw_progress);

/* Columns of catalogs_fdw_stats. */
#define STATS_COLUMNS 22

/* Columns of catalogs_fdw_progress. */
#define PROGRESS_COLUMNS 14

static bool disconnect(Oid serverid);
static void stats_row(const CfdwStatisticsView *view, Datum *values,
					  bool *nulls);
static void progress_row(const CfdwProgressView *view, Datum *values,
						 bool *nulls);
static bool may_see_all(void);
static bool reaches(Oid database, Oid serverid);
static Datum url_text(const char *url, Oid database);
static char *convert(const char *text, int encoding);
static Datum name_or_null(const char *name, bool *isnull);
static Datum server_name(Oid serverid, bool *isnull);
static Datum mapping_name(Oid mapping, bool *isnull);

/*
 * catalogs_fdw_sessions(): the accounts that this backend knows: server, role,
 * url, valid, in_use, connected, signed_in.
 */
Datum
catalogs_fdw_sessions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, cfdw_session_list())
	{
		const CfdwSessionInfo *info = lfirst(lc);
		Datum values[7] = {0};
		bool nulls[7] = {false};

		values[0] = server_name(info->serverid, &nulls[0]);
		values[1] = mapping_name(info->mapping, &nulls[1]);
		values[2] = CStringGetTextDatum(info->url);
		values[3] = BoolGetDatum(info->valid);
		values[4] = BoolGetDatum(info->in_use);
		values[5] = BoolGetDatum(info->connected);
		values[6] = BoolGetDatum(info->signed_in);
		nulls[6] = !info->can_sign_in;
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * catalogs_fdw_disconnect(server): ends this backend's sessions with a server;
 * whether there was one.
 */
Datum
catalogs_fdw_disconnect(PG_FUNCTION_ARGS)
{
	ForeignServer *server =
		GetForeignServerByName(NameStr(*PG_GETARG_NAME(0)), false);

	PG_RETURN_BOOL(disconnect(server->serverid));
}

/*
 * catalogs_fdw_disconnect_all(): the same of all servers.
 */
Datum
catalogs_fdw_disconnect_all(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(disconnect(InvalidOid));
}

/*
 * catalogs_fdw_stats(): what the accounts were asked, as far as the current role may
 * know.
 */
Datum
catalogs_fdw_stats(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	bool sees_all = may_see_all();
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, cfdw_statistics_list())
	{
		const CfdwStatisticsView *view = lfirst(lc);
		Datum values[STATS_COLUMNS] = {0};
		bool nulls[STATS_COLUMNS] = {false};

		if (!sees_all && !reaches(view->database, view->serverid))
			continue;
		stats_row(view, values, nulls);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * catalogs_fdw_stats_reset(): counts anew, in all databases.
 */
Datum
catalogs_fdw_stats_reset(PG_FUNCTION_ARGS)
{
	cfdw_statistics_reset();
	PG_RETURN_VOID();
}

static void
stats_row(const CfdwStatisticsView *view, Datum *values, bool *nulls)
{
	int i = 0;

	values[i] = name_or_null(get_database_name(view->database), &nulls[i]);
	i++;
	if (view->database == MyDatabaseId)
		values[i] = server_name(view->serverid, &nulls[i]);
	else
		nulls[i] = true;
	i++;
	values[i++] = url_text(view->url, view->database);
	for (int counter = 0; counter < CFDW_NCOUNTERS; counter++)
		values[i++] =
			counter == CFDW_COUNT_PACED_US || counter == CFDW_COUNT_REPLY_US
				? Float8GetDatum((double) view->counters[counter] / 1000)
				: Int64GetDatum(view->counters[counter]);
	if (view->error_time != 0)
	{
		values[i++] = CStringGetTextDatum(unpack_sql_state(view->sqlstate));
		values[i++] = TimestampTzGetDatum(view->error_time);
		values[i++] =
			CStringGetTextDatum(convert(view->message, view->encoding));
	}
	else
		while (i < STATS_COLUMNS - 2)
			nulls[i++] = true;
	values[i++] = CStringGetTextDatum(view->shared ? "cluster" : "session");
	values[i++] = TimestampTzGetDatum(view->since);
	Assert(i == STATS_COLUMNS);
}

/*
 * catalogs_fdw_progress(): what each session is doing with which account, as far as
 * the current role may know.
 */
Datum
catalogs_fdw_progress(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	bool sees_all = may_see_all();
	ListCell *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, cfdw_progress_list())
	{
		const CfdwProgressView *view = lfirst(lc);
		Datum values[PROGRESS_COLUMNS] = {0};
		bool nulls[PROGRESS_COLUMNS] = {false};

		if (!sees_all && !has_privs_of_role(GetUserId(), view->role))
			continue;
		progress_row(view, values, nulls);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

static void
progress_row(const CfdwProgressView *view, Datum *values, bool *nulls)
{
	static const char *const activities[] = {
		[CFDW_READS] = "reading",
		[CFDW_SENDS] = "sending",
		[CFDW_TAKES_BACK] = "taking back",
	};
	static const char *const awaited[] = {
		[CFDW_AWAITS_DESCRIPTOR] = "file descriptor",
		[CFDW_AWAITS_TURN] = "turn",
		[CFDW_AWAITS_PAUSE] = "pause",
		[CFDW_AWAITS_LOGIN] = "login",
		[CFDW_AWAITS_REPLY] = "reply",
	};
	const CfdwWork *work = &view->work;

	values[0] = Int32GetDatum(view->pid);
	values[1] = name_or_null(get_database_name(view->database), &nulls[1]);
	values[2] = name_or_null(GetUserNameFromId(view->role, true), &nulls[2]);
	if (view->database == MyDatabaseId)
		values[3] = server_name(view->serverid, &nulls[3]);
	else
		nulls[3] = true;
	values[4] = url_text(view->url, view->database);
	values[5] = CStringGetTextDatum(activities[work->activity]);
	nulls[6] = view->awaited == CFDW_AWAITS_NOTHING;
	if (!nulls[6])
		values[6] = CStringGetTextDatum(awaited[view->awaited]);
	values[7] = TimestampTzGetDatum(view->until);
	nulls[7] = view->until == 0;
	values[8] = Int64GetDatum(work->rows);
	values[9] = Int64GetDatum(work->all_rows);
	nulls[9] = work->all_rows == 0;
	values[10] = Int32GetDatum(work->batch);
	values[11] = Int32GetDatum(work->batches);
	nulls[10] = nulls[11] = work->batch == 0;
	values[12] = Int64GetDatum(work->bytes);
	nulls[12] = work->activity != CFDW_READS;
	values[13] = TimestampTzGetDatum(work->since);
}

/*
 * Whether the current role may see what all others do.
 */
static bool
may_see_all(void)
{
	return has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

/*
 * Whether it has a user mapping for a server of that database.
 */
static bool
reaches(Oid database, Oid serverid)
{
	return database == MyDatabaseId &&
		   (SearchSysCacheExists2(USERMAPPINGUSERSERVER,
								  ObjectIdGetDatum(GetUserId()),
								  ObjectIdGetDatum(serverid)) ||
			SearchSysCacheExists2(USERMAPPINGUSERSERVER,
								  ObjectIdGetDatum(InvalidOid),
								  ObjectIdGetDatum(serverid)));
}

/*
 * A url; of another database, whose encoding is not known here, with question marks
 * in the place of what is not of ASCII.
 */
static Datum
url_text(const char *url, Oid database)
{
	char *text = pstrdup(url);

	for (char *p = text; *p != '\0' && database != MyDatabaseId; p++)
		if (IS_HIGHBIT_SET(*p))
			*p = '?';
	return CStringGetTextDatum(text);
}

/*
 * A text of another database, with question marks in the place of what this one has
 * no character for.
 */
static char *
convert(const char *text, int encoding)
{
	Oid proc = FindDefaultConversionProc(encoding, GetDatabaseEncoding());
	const char *end = text + strlen(text);
	StringInfoData out;

	initStringInfo(&out);
	while (text < end)
	{
		int width = pg_encoding_mblen(encoding, text);
		unsigned char to[MAX_CONVERSION_INPUT_LENGTH * MAX_CONVERSION_GROWTH];

		width = Min(width, end - text);
		if (!IS_HIGHBIT_SET(*text) || encoding == GetDatabaseEncoding())
			appendBinaryStringInfo(&out, text, width);
		else if (OidIsValid(proc) &&
				 pg_do_encoding_conversion_buf(
					 proc, encoding, GetDatabaseEncoding(),
					 (unsigned char *) unconstify(char *, text), width, to,
					 sizeof(to), true) == width)
			appendStringInfoString(&out, (char *) to);
		else
			appendStringInfoChar(&out, '?');
		text += width;
	}
	return out.data;
}

/*
 * A session that the transaction needs stays: it may have an open cursor, or
 * something to be taken back.
 */
static bool
disconnect(Oid serverid)
{
	int in_use;
	int ended = cfdw_session_disconnect(serverid, &in_use);

	if (in_use > 0)
		ereport(
			WARNING,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg_plural("cannot end %d session that this transaction uses",
						   "cannot end %d sessions that this transaction uses",
						   in_use, in_use),
			 errhint("Try again after the end of the transaction.")));
	return ended > 0;
}

/*
 * The name of a server, unless that was dropped.
 */
static Datum
server_name(Oid serverid, bool *isnull)
{
	ForeignServer *server = GetForeignServerExtended(serverid, FSV_MISSING_OK);

	return name_or_null(server != NULL ? server->servername : NULL, isnull);
}

/*
 * Whose user mapping it is, "public" of all roles; unless it was dropped.
 */
static Datum
mapping_name(Oid mapping, bool *isnull)
{
	HeapTuple tuple =
		SearchSysCache1(USERMAPPINGOID, ObjectIdGetDatum(mapping));
	char *name = NULL;

	if (HeapTupleIsValid(tuple))
	{
		Oid role = ((Form_pg_user_mapping) GETSTRUCT(tuple))->umuser;

		name = OidIsValid(role) ? GetUserNameFromId(role, true)
								: pstrdup("public");
		ReleaseSysCache(tuple);
	}
	return name_or_null(name, isnull);
}

static Datum
name_or_null(const char *name, bool *isnull)
{
	*isnull = name == NULL;
	return name != NULL ? DirectFunctionCall1(namein, CStringGetDatum(name))
						: (Datum) 0;
}
