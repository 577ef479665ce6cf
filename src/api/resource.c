/*-------------------------------------------------------------------------
 *
 * resource.c
 *	  What the remote resources are: every fact of the API in a table.
 *
 * Owns the paths, the envelope, the verbs and, for each column, its JSON key,
 * its type and who may write it.  Knows nothing of HTTP, of options or of how
 * a value is read.  The facts stand in the API page, sections "The two
 * calls", "GET reply", "POST: what may be written" and "Who one is".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "api/resource.h"

static const char assigned[] = "The account assigns this value.";
static const char transient[] =
	"It names a row in the request that adds it and is stored nowhere.";

/* Those columns of a list that the code has something to do with. */
enum
{
	LIST_ID = 0,
	LIST_NAME = 1,
	LIST_CREATED_AT = 8,
	LIST_REQUEST_ID = 9
};

/* clang-format off */

static const CfdwResourceColumn list_columns[] = {
	/*                    key                  SQL type       kind               read   insert update required why refused */
	[LIST_ID]         = {"id",                 "bigint",      CFDW_KIND_INTEGER, true,  false, false, false, assigned},
	[LIST_NAME]       = {"name",               "text",        CFDW_KIND_STRING,  true,  true,  true,  true,  NULL},
	                    {"type",               "text",        CFDW_KIND_STRING,  true,  true,  true,  false, NULL},
	                    {"can_add_elements",   "boolean",     CFDW_KIND_BOOLEAN, true,  true,  true,  false, NULL},
	                    {"can_show_in_cards",  "boolean",     CFDW_KIND_BOOLEAN, true,  true,  true,  false, NULL},
	                    {"can_link_multiple",  "boolean",     CFDW_KIND_BOOLEAN, true,  true,  true,  false, NULL},
	                    {"sort",               "integer",     CFDW_KIND_INTEGER, true,  false, false, false, assigned},
	                    {"created_by",         "bigint",      CFDW_KIND_INTEGER, true,  false, false, false, assigned},
	[LIST_CREATED_AT] = {"created_at",         "timestamptz", CFDW_KIND_TIME,    true,  false, false, false, assigned},
	[LIST_REQUEST_ID] = {"request_id",         "bigint",      CFDW_KIND_INTEGER, false, true,  false, false, transient},
};

/* clang-format on */

StaticAssertDecl(lengthof(list_columns) <= CFDW_MAX_COLUMNS,
				 "too many columns for a CfdwColumnSet");

const CfdwResource cfdw_lists = {
	.schema = "amocrm",
	.table = "catalogs",
	.path = "/api/v2/catalogs",
	.id_parameter = "id",
	.envelope = "_embedded",
	.items = "items",
	.errors = "errors",
	.verbs = {"add", "update", "delete"},
	.ncolumns = lengthof(list_columns),
	.columns = list_columns,
	.id = LIST_ID,
	.name = LIST_NAME,
	.created_at = LIST_CREATED_AT,
	.request_id = LIST_REQUEST_ID,
};

const CfdwLoginCall cfdw_login_call = {
	.path = "/private/api/auth.php?type=json",
	.user_key = "USER_LOGIN",
	.secret_key = "USER_HASH",
};

/*
 * The column of a JSON key, or -1 when the API page does not name it.
 */
int
cfdw_resource_find(const CfdwResource *resource, const char *key)
{
	for (int i = 0; i < resource->ncolumns; i++)
		if (strcmp(resource->columns[i].key, key) == 0)
			return i;
	return -1;
}
