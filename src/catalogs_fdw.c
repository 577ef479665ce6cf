/*-------------------------------------------------------------------------
 *
 * catalogs_fdw.c
 *	  The door: what PostgreSQL calls first.
 *
 * Owns the module's magic, its initialization, the handler, the validator and
 * IMPORT FOREIGN SCHEMA.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/reloptions.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "foreign/fdwapi.h"
#include "foreign/foreign.h"
#include "utils/guc.h"

#include "explain.h"
#include "flush.h"
#include "journal.h"
#include "modify.h"
#include "option.h"
#include "plan.h"
#include "scan.h"
#include "session.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(catalogs_fdw_handler);
PG_FUNCTION_INFO_V1(catalogs_fdw_validator);

void _PG_init(void);

static List *catalogsImportForeignSchema(ImportForeignSchemaStmt *stmt,
										 Oid serverid);

void
_PG_init(void)
{
	cfdw_session_init();
	cfdw_journal_init();
	cfdw_flush_init();
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

	routine->IsForeignRelUpdatable = catalogsIsForeignRelUpdatable;
	routine->AddForeignUpdateTargets = catalogsAddForeignUpdateTargets;
	routine->PlanForeignModify = catalogsPlanForeignModify;
	routine->BeginForeignModify = catalogsBeginForeignModify;
	routine->BeginForeignInsert = catalogsBeginForeignInsert;
	routine->ExecForeignInsert = catalogsExecForeignInsert;
	routine->ExecForeignUpdate = catalogsExecForeignUpdate;
	routine->ExecForeignDelete = catalogsExecForeignDelete;
	routine->ExecForeignTruncate = catalogsExecForeignTruncate;

	routine->ExplainForeignScan = catalogsExplainForeignScan;
	routine->ExplainForeignModify = catalogsExplainForeignModify;
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
 * The one schema of an account holds the one table of lists; PostgreSQL itself
 * applies LIMIT TO and EXCEPT.
 */
static List *
catalogsImportForeignSchema(ImportForeignSchemaStmt *stmt, Oid serverid)
{
	StringInfoData command;

	if (strcmp(stmt->remote_schema, cfdw_resource.schema) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_SCHEMA_NOT_FOUND),
				 errmsg("schema \"%s\" is not present on foreign server \"%s\"",
						stmt->remote_schema, stmt->server_name),
				 errhint("The schema of an account is named \"%s\".",
						 cfdw_resource.schema)));
	if (stmt->options != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("invalid option \"%s\"",
						linitial_node(DefElem, stmt->options)->defname),
				 errhint("There are no valid options in this context.")));

	initStringInfo(&command);
	cfdw_resource_table_ddl(&command, cfdw_resource.table, stmt->server_name);
	return list_make1(command.data);
}
