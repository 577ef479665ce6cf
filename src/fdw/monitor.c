/*-------------------------------------------------------------------------
 *
 * monitor.c
 *	  What can be seen from SQL of the wrapper at work.
 *
 * Owns the functions behind the views catalogs_fdw_sessions, and those that act on
 * what they show.  Must not know how it comes about.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_user_mapping.h"
#include "fmgr.h"
#include "foreign/foreign.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "net/session.h"

PG_FUNCTION_INFO_V1(catalogs_fdw_sessions);
PG_FUNCTION_INFO_V1(catalogs_fdw_disconnect);
PG_FUNCTION_INFO_V1(catalogs_fdw_disconnect_all);

static bool disconnect(Oid serverid);
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

	*isnull = server == NULL;
	return server != NULL ? DirectFunctionCall1(
								namein, CStringGetDatum(server->servername))
						  : (Datum) 0;
}

/*
 * Whose user mapping it is, "public" of all roles; unless it was dropped.
 */
static Datum
mapping_name(Oid mapping, bool *isnull)
{
	HeapTuple tuple =
		SearchSysCache1(USERMAPPINGOID, ObjectIdGetDatum(mapping));
	Oid role = InvalidOid;
	char *name = NULL;

	if (HeapTupleIsValid(tuple))
	{
		role = ((Form_pg_user_mapping) GETSTRUCT(tuple))->umuser;
		name = OidIsValid(role) ? GetUserNameFromId(role, true)
								: pstrdup("public");
		ReleaseSysCache(tuple);
	}
	*isnull = name == NULL;
	return name != NULL ? DirectFunctionCall1(namein, CStringGetDatum(name))
						: (Datum) 0;
}
