/*-------------------------------------------------------------------------
 *
 * resource.c
 *	  What the remote resource is: every fact of the API in one table.
 *
 * Owns the paths, the envelope, the verbs and, for each column, its JSON key,
 * its type and who may write it.  Knows nothing of HTTP, of options or of how
 * a value is read.  The facts stand in the API page, sections "The two
 * calls", "GET reply", "POST: what may be written" and "Who one is".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "api/resource.h"

static const char assigned[] = "The account assigns this value.";
static const char transient[] =
	"It names a row in the request that adds it and is stored nowhere.";

/* clang-format off */

/* In the order of CfdwKey. */
static const CfdwResourceColumn columns[CFDW_NKEYS] = {
	/* key                  SQL type       kind               read   insert update required why refused */
	{"id",                  "bigint",      CFDW_KIND_INTEGER, true,  false, false, false, assigned},
	{"name",                "text",        CFDW_KIND_STRING,  true,  true,  true,  true,  NULL},
	{"type",                "text",        CFDW_KIND_STRING,  true,  true,  true,  false, NULL},
	{"can_add_elements",    "boolean",     CFDW_KIND_BOOLEAN, true,  true,  true,  false, NULL},
	{"can_show_in_cards",   "boolean",     CFDW_KIND_BOOLEAN, true,  true,  true,  false, NULL},
	{"can_link_multiple",   "boolean",     CFDW_KIND_BOOLEAN, true,  true,  true,  false, NULL},
	{"sort",                "integer",     CFDW_KIND_INTEGER, true,  false, false, false, assigned},
	{"created_by",          "bigint",      CFDW_KIND_INTEGER, true,  false, false, false, assigned},
	{"created_at",          "timestamptz", CFDW_KIND_TIME,    true,  false, false, false, assigned},
	{"request_id",          "bigint",      CFDW_KIND_INTEGER, false, true,  false, false, transient},
};

/* clang-format on */

const CfdwResource cfdw_resource = {
	.schema = "amocrm",
	.table = "catalogs",
	.path = "/api/v2/catalogs",
	.id_parameter = "id",
	.envelope = "_embedded",
	.items = "items",
	.errors = "errors",
	.login_path = "/private/api/auth.php?type=json",
	.login_user = "USER_LOGIN",
	.login_key = "USER_HASH",
	.verbs = {"add", "update", "delete"},
	.columns = columns,
};

/*
 * The CfdwKey of a JSON key, or -1 when the API page does not name it.
 */
int
cfdw_resource_find(const char *key)
{
	for (int i = 0; i < CFDW_NKEYS; i++)
		if (strcmp(columns[i].key, key) == 0)
			return i;
	return -1;
}

/*
 * Appends a row to ROWS, which will have SIZE at most: they are palloc'ed in the
 * current context with the first.
 */
void
cfdw_resource_append(CfdwRows *rows, CfdwRow *row, int size)
{
	if (rows->rows == NULL)
		rows->rows = palloc(sizeof(CfdwRow *) * size);
	rows->rows[rows->n++] = row;
}

/*
 * Appends the CREATE FOREIGN TABLE command that IMPORT FOREIGN SCHEMA runs.
 */
void
cfdw_resource_table_ddl(StringInfo buf, const char *table, const char *server)
{
	appendStringInfo(buf, "CREATE FOREIGN TABLE %s (", quote_identifier(table));
	for (int i = 0; i < CFDW_NKEYS; i++)
		appendStringInfo(buf, "%s%s %s", i > 0 ? ", " : "",
						 quote_identifier(columns[i].key), columns[i].sql_type);
	appendStringInfo(buf, ") SERVER %s", quote_identifier(server));
}
