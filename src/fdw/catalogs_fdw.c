/*-------------------------------------------------------------------------
 *
 * catalogs_fdw.c
 *	  The door: what PostgreSQL calls first.
 *
 * Owns the module's magic, its initialization, the handler, the validator, and what
 * is sent or shown of a transaction's changes when one asks for it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/reloptions.h"
#include "catalog/pg_foreign_server.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/tuplestore.h"
#include "foreign/fdwapi.h"
#include "foreign/foreign.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"

#include "fdw/ahead.h"
#include "fdw/analyze.h"
#include "fdw/async.h"
#include "api/codec.h"
#include "compat.h"
#include "fdw/direct.h"
#include "fdw/explain.h"
#include "fdw/import.h"
#include "txn/transaction.h"
#include "txn/journal.h"
#include "fdw/modify.h"
#include "declare/option.h"
#include "declare/table.h"
#include "fdw/plan.h"
#include "fdw/scan.h"
#include "fdw/truncate.h"
#include "net/log.h"
#include "net/session.h"
#include "net/shared.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(catalogs_fdw_handler);
PG_FUNCTION_INFO_V1(catalogs_fdw_validator);
PG_FUNCTION_INFO_V1(catalogs_fdw_flush);
PG_FUNCTION_INFO_V1(catalogs_fdw_pending);

void _PG_init(void);

static bool may_see(const CfdwTarget *target);
static Datum text_or_null(const char *text, bool *isnull);

void
_PG_init(void)
{
	pg_bindtextdomain(TEXTDOMAIN);
	cfdw_table_init();
	cfdw_shared_init();
	cfdw_log_init();
	cfdw_session_init();
	cfdw_journal_init();
	cfdw_transaction_init();
	cfdw_ahead_init();
	MarkGUCPrefixReserved("catalogs_fdw");
}

Datum
catalogs_fdw_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	routine->GetForeignRelSize = catalogsGetForeignRelSize;
	routine->GetForeignPaths = catalogsGetForeignPaths;
	routine->GetForeignPlan = catalogsGetForeignPlan;
	routine->BeginForeignScan = catalogsBeginForeignScan;
	routine->IterateForeignScan = catalogsIterateForeignScan;
	routine->ReScanForeignScan = catalogsReScanForeignScan;
	routine->EndForeignScan = catalogsEndForeignScan;
	routine->IsForeignPathAsyncCapable = catalogsIsForeignPathAsyncCapable;
	routine->ForeignAsyncRequest = catalogsForeignAsyncRequest;
	routine->ForeignAsyncConfigureWait = catalogsForeignAsyncConfigureWait;
	routine->ForeignAsyncNotify = catalogsForeignAsyncNotify;

	routine->AnalyzeForeignTable = catalogsAnalyzeForeignTable;

	routine->IsForeignRelUpdatable = catalogsIsForeignRelUpdatable;
	routine->AddForeignUpdateTargets = catalogsAddForeignUpdateTargets;
	routine->PlanForeignModify = catalogsPlanForeignModify;
	routine->BeginForeignModify = catalogsBeginForeignModify;
	routine->BeginForeignInsert = catalogsBeginForeignInsert;
	routine->ExecForeignInsert = catalogsExecForeignInsert;
	routine->ExecForeignUpdate = catalogsExecForeignUpdate;
	routine->ExecForeignDelete = catalogsExecForeignDelete;
	routine->EndForeignModify = catalogsEndForeignModify;
	routine->EndForeignInsert = catalogsEndForeignModify;
	routine->ExecForeignTruncate = catalogsExecForeignTruncate;

	routine->PlanDirectModify = catalogsPlanDirectModify;
	routine->BeginDirectModify = catalogsBeginDirectModify;
	routine->IterateDirectModify = catalogsIterateDirectModify;
	routine->EndDirectModify = catalogsEndDirectModify;

	routine->ExplainForeignScan = catalogsExplainForeignScan;
	routine->ExplainForeignModify = catalogsExplainForeignModify;
	routine->ExplainDirectModify = catalogsExplainDirectModify;
	routine->ImportForeignSchema = catalogsImportForeignSchema;
	PG_RETURN_POINTER(routine);
}

Datum
catalogs_fdw_validator(PG_FUNCTION_ARGS)
{
	cfdw_option_validate(untransformRelOptions(PG_GETARG_DATUM(0)),
						 PG_GETARG_OID(1));
	PG_RETURN_VOID();
}

/*
 * catalogs_fdw_flush(server): sends the role's own changes that the transaction
 * has kept for a server; a row for each: relation, verb, id, request_id, name.
 */
Datum
catalogs_fdw_flush(PG_FUNCTION_ARGS)
{
	ForeignServer *server =
		GetForeignServerByName(NameStr(*PG_GETARG_NAME(0)), false);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	dlist_head sent = DLIST_STATIC_INIT(sent);
	dlist_iter iter;

	InitMaterializedSRF(fcinfo, 0);
	cfdw_transaction_send_server(server->serverid, GetUserId(), &sent);
	dlist_foreach(iter, &sent)
	{
		const CfdwOperation *operation =
			dlist_container(CfdwOperation, link, iter.cur);
		const CfdwResource *resource = operation->data->resource;
		const char *request_id = operation->data->values[resource->request_id];
		Datum values[5] = {0};
		bool nulls[5] = {false};

		values[0] = ObjectIdGetDatum(operation->target->relid);
		values[1] = CStringGetTextDatum(resource->verbs[operation->verb]);
		values[2] = Int64GetDatum(operation->data->id);
		nulls[3] = request_id == NULL;
		if (request_id != NULL)
			values[3] = Int64GetDatum(strtoi64(request_id, NULL, 10));
		values[4] =
			text_or_null(operation->data->values[resource->name], &nulls[4]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * catalogs_fdw_pending(): what the transaction has not sent yet, as far as the
 * current role may see it: server, relation, verb, id, changes.
 */
Datum
catalogs_fdw_pending(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	dlist_head pending = DLIST_STATIC_INIT(pending);
	dlist_iter iter;

	InitMaterializedSRF(fcinfo, 0);
	cfdw_transaction_pending(&pending);
	dlist_foreach(iter, &pending)
	{
		const CfdwOperation *operation =
			dlist_container(CfdwOperation, link, iter.cur);
		const CfdwTarget *target = operation->target;
		ForeignServer *server;
		Datum values[5] = {0};
		bool nulls[5] = {false};

		if (!may_see(target))
			continue;
		server = GetForeignServerExtended(target->serverid, FSV_MISSING_OK);
		values[0] =
			text_or_null(server != NULL ? server->servername : NULL, &nulls[0]);
		values[1] = ObjectIdGetDatum(target->relid);
		values[2] = CStringGetTextDatum(
			operation->data->resource->verbs[operation->verb]);
		values[3] = Int64GetDatum(operation->data->id);
		nulls[3] = operation->data->id == 0;
		nulls[4] = operation->verb == CFDW_DELETE;
		if (!nulls[4])
			values[4] = DirectFunctionCall1(
				jsonb_in, CStringGetDatum(cfdw_codec_row(operation->data)));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * Whether the changes of a table are shown to the current role: its own are, and
 * those of tables that it may read.
 */
static bool
may_see(const CfdwTarget *target)
{
	bool is_gone = false;

	return cfdw_ledger_is_own(target, GetUserId()) ||
		   pg_class_aclcheck_ext(target->relid, GetUserId(), ACL_SELECT,
								 &is_gone) == ACLCHECK_OK;
}

static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text != NULL ? CStringGetTextDatum(text) : (Datum) 0;
}
