/*-------------------------------------------------------------------------
 *
 * import.c
 *	  IMPORT FOREIGN SCHEMA.
 *
 * Owns the command that makes the table of an account's lists.  PostgreSQL itself
 * applies LIMIT TO and EXCEPT to it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "declare/option.h"
#include "declare/table.h"
#include "fdw/import.h"

/* The column that names the account. */
#define ACCOUNT_COLUMN "account"

static void check_schema(const ImportForeignSchemaStmt *stmt,
						 const CfdwResource *resource);
static void check_tables(const ImportForeignSchemaStmt *stmt,
						 const CfdwResource *resource);
static char *table_command(const CfdwResource *resource, const char *server,
						   const CfdwImport *options);

/*
 * The one schema of an account holds the one table of lists.
 */
List *
catalogsImportForeignSchema(ImportForeignSchemaStmt *stmt, Oid serverid)
{
	CfdwImport options;

	check_schema(stmt, &cfdw_lists);
	check_tables(stmt, &cfdw_lists);
	cfdw_option_import(stmt->options, &options);
	return list_make1(table_command(&cfdw_lists, stmt->server_name, &options));
}

static void
check_schema(const ImportForeignSchemaStmt *stmt, const CfdwResource *resource)
{
	if (strcmp(stmt->remote_schema, resource->schema) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_SCHEMA_NOT_FOUND),
				 errmsg("schema \"%s\" is not present on foreign server \"%s\"",
						stmt->remote_schema, stmt->server_name),
				 errhint("The schema of an account is named \"%s\".",
						 resource->schema)));
}

/*
 * Raises HV00R for a table that LIMIT TO names and that there is not: PostgreSQL
 * would import nothing, and say nothing.
 */
static void
check_tables(const ImportForeignSchemaStmt *stmt, const CfdwResource *resource)
{
	ListCell *lc;

	if (stmt->list_type != FDW_IMPORT_SCHEMA_LIMIT_TO)
		return;
	foreach(lc, stmt->table_list)
	{
		const RangeVar *wanted = lfirst_node(RangeVar, lc);

		if (strcmp(wanted->relname, resource->table) != 0)
			ereport(
				ERROR,
				(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
				 errmsg(
					 "table \"%s\" is not present in schema \"%s\" of foreign server \"%s\"",
					 wanted->relname, stmt->remote_schema, stmt->server_name),
				 errhint("The table of an account is named \"%s\".",
						 resource->table)));
	}
}

/*
 * The command that makes the table: a column for each of the resource, and those
 * that the options ask for, one that names the account and one for the whole item.
 */
static char *
table_command(const CfdwResource *resource, const char *server,
			  const CfdwImport *options)
{
	StringInfoData command;

	initStringInfo(&command);
	appendStringInfo(&command, "CREATE FOREIGN TABLE %s (",
					 quote_identifier(resource->table));
	if (options->account != NULL)
		appendStringInfo(&command, "%s text OPTIONS (constant %s), ",
						 quote_identifier(ACCOUNT_COLUMN),
						 quote_literal_cstr(options->account));
	for (int i = 0; i < resource->ncolumns; i++)
		appendStringInfo(&command, "%s%s %s", i > 0 ? ", " : "",
						 quote_identifier(resource->columns[i].key),
						 resource->columns[i].sql_type);
	if (options->attrs)
		appendStringInfo(&command, ", %s jsonb",
						 quote_identifier(CFDW_WHOLE_ITEM));
	appendStringInfo(&command, ") SERVER %s", quote_identifier(server));
	return command.data;
}
