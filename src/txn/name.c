/*-------------------------------------------------------------------------
 *
 * name.c
 *	  Rows by name, for messages.
 *
 * Owns how a message names rows: by what a person finds them with in the account.
 * Must not know what the message is about.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "txn/name.h"

/* A name is shortened to this many bytes where rows are listed. */
#define MAX_NAME 60

static void append_name(StringInfo buf, const char *name);

/*
 * What is done to a row: "update list 4223".
 */
char *
cfdw_name_row(CfdwVerb verb, const CfdwRow *row)
{
	StringInfoData name;

	initStringInfo(&name);
	appendStringInfo(&name, "%s list ", row->resource->verbs[verb]);
	if (verb == CFDW_ADD)
		append_name(&name, row->values[row->resource->name]);
	else
		appendStringInfo(&name, INT64_FORMAT, row->id);
	return name.data;
}

/*
 * Names rows: all of them, so that a person can look them up; by id, or by name
 * while they have none.
 */
char *
cfdw_name_rows(CfdwVerb verb, const CfdwRows *rows)
{
	StringInfoData names;

	initStringInfo(&names);
	appendStringInfo(&names, "%s of %s", rows->rows[0]->resource->verbs[verb],
					 rows->n == 1 ? "list" : "lists");
	for (int i = 0; i < rows->n; i++)
	{
		const CfdwRow *row = rows->rows[i];

		appendStringInfoString(&names, i > 0 ? ", " : " ");
		if (row->id == 0)
			append_name(&names, row->values[row->resource->name]);
		else
			appendStringInfo(&names, INT64_FORMAT, row->id);
	}
	return names.data;
}

/*
 * Names rows of any verb: BY_VERB are CFDW_NVERBS.
 */
char *
cfdw_name_all(const CfdwRows *by_verb)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int verb = 0; verb < CFDW_NVERBS; verb++)
		if (by_verb[verb].n > 0)
			appendStringInfo(&names, "%s%s", names.len > 0 ? "; " : "",
							 cfdw_name_rows(verb, &by_verb[verb]));
	return names.data;
}

static void
append_name(StringInfo buf, const char *name)
{
	int len = pg_mbcliplen(name, strlen(name), MAX_NAME);

	appendStringInfo(buf, "\"%.*s%s\"", len, name,
					 name[len] != '\0' ? "..." : "");
}
