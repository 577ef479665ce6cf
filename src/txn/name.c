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
#include "nls.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "txn/name.h"

/* A name is shortened to this many bytes. */
#define MAX_NAME 60

static void append_name(StringInfo buf, const char *name);

/*
 * What a row is called in a message: its id, or while it has none its name, without
 * the quotes.
 */
char *
cfdw_name_row(CfdwVerb verb, const CfdwRow *row)
{
	StringInfoData name;

	initStringInfo(&name);
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
	const CfdwResource *resource = rows->rows[0]->resource;
	StringInfoData names;

	initStringInfo(&names);
	cfdw_name_append_verb(&names, verb, rows->n);
	for (int i = 0; i < rows->n; i++)
		cfdw_name_append_row(&names, rows->rows[i]->id,
							 rows->rows[i]->values[resource->name], i == 0);
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

/*
 * Begins a list of N rows: "add of lists".
 */
void
cfdw_name_append_verb(StringInfo names, CfdwVerb verb, int n)
{
	if (names->len > 0)
		appendStringInfoString(names, "; ");
	switch (verb)
	{
		case CFDW_ADD:
			appendStringInfoString(names,
								   ngettext("add of list", "add of lists", n));
			break;
		case CFDW_UPDATE:
			appendStringInfoString(
				names, ngettext("update of list", "update of lists", n));
			break;
		case CFDW_DELETE:
			appendStringInfoString(
				names, ngettext("delete of list", "delete of lists", n));
			break;
	}
}

/*
 * Goes on with it; NAME may be NULL where there is an id.  Takes at most
 * CFDW_NAME_SIZE bytes.
 */
void
cfdw_name_append_row(StringInfo names, int64 id, const char *name, bool first)
{
	appendStringInfoString(names, first ? " " : ", ");
	if (id == 0)
	{
		appendStringInfoChar(names, '"');
		append_name(names, name != NULL ? name : "");
		appendStringInfoChar(names, '"');
	}
	else
		appendStringInfo(names, INT64_FORMAT, id);
}

static void
append_name(StringInfo buf, const char *name)
{
	int len = pg_mbcliplen(name, strlen(name), MAX_NAME);

	appendStringInfo(buf, "%.*s%s", len, name, name[len] != '\0' ? "..." : "");
}
