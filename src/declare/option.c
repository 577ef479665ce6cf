/*-------------------------------------------------------------------------
 *
 * option.c
 *	  What the user declared: options, credentials, columns.
 *
 * Owns the option table: one row an option, which gives its name, where it
 * may stand, how its text is read, its default and its range.  The validator,
 * the readers and the hints all work from that table.  Owns what was read of
 * foreign tables, too, until it changes.  Must not know what an option is used
 * for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>

#include "access/reloptions.h"
#include "access/xact.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "declare/option.h"

/* Where an option may stand. */
#define ON_SERVER 1
#define ON_TABLE 2
#define ON_USER 4
#define ON_COLUMN 8

/* How an option's text is read. */
typedef enum OptionKind
{
	OPT_BOOL,  /* bool */
	OPT_INT,   /* int */
	OPT_MS,    /* int, milliseconds, with a unit */
	OPT_BYTES, /* int64, bytes, with a unit */
	OPT_COST,  /* double */
	OPT_MODE,  /* bool: immediate, or deferred */
	OPT_ANY,   /* char *, anything */
	OPT_TEXT,  /* char *, printable, not empty */
	OPT_URL,   /* char *, scheme://host[:port] */
	OPT_PATH,  /* char *, absolute path without a query */
	OPT_SECRET /* char *, never shown */
} OptionKind;

typedef struct OptionDef
{
	const char *name;
	size_t offset; /* in CfdwOptions or CfdwCredentials */
	int where;
	OptionKind kind;
	const char *initial; /* text of the default, or NULL for none */
	double min;
	double max;
	bool superuser; /* only a superuser may set it */
} OptionDef;

#define FIELD(name) #name, offsetof(CfdwOptions, name)
#define FIELD_MS(name) #name, offsetof(CfdwOptions, name##_ms)
#define SECRET(name) #name, offsetof(CfdwCredentials, name)

/* clang-format off */
static const OptionDef option_defs[] = {
	/* name and field           where                 kind        default             min  max   superuser */
	{FIELD(url),                ON_SERVER,            OPT_URL,    NULL,               0, 0,       false},
	{FIELD(path),               ON_TABLE,             OPT_PATH,   NULL,               0, 0,       false},
	{FIELD_MS(connect_timeout), ON_SERVER,            OPT_MS,     "5s",               1, INT_MAX, false},
	{FIELD_MS(request_timeout), ON_SERVER,            OPT_MS,     "30s",              1, INT_MAX, false},
	{FIELD_MS(commit_timeout),  ON_SERVER,            OPT_MS,     "60s",              1, INT_MAX, false},
	{FIELD(max_retries),        ON_SERVER,            OPT_INT,    "3",                0, 100,     false},
	{FIELD(batch_size),         ON_SERVER | ON_TABLE, OPT_INT,    "50",               1, 500,     false},
	{FIELD(updatable),          ON_SERVER | ON_TABLE, OPT_BOOL,   "true",             0, 0,       false},
	{FIELD(async_capable),      ON_SERVER | ON_TABLE, OPT_BOOL,   "true",             0, 0,       false},
	{FIELD(truncatable),        ON_SERVER | ON_TABLE, OPT_BOOL,   "true",             0, 0,       false},
	{"write_mode", offsetof(CfdwOptions, immediate), ON_SERVER | ON_TABLE, OPT_MODE, "deferred",     0, 0,       false},
	{FIELD(undo),               ON_SERVER | ON_TABLE, OPT_BOOL,   "true",             0, 0,       false},
	{FIELD(combine_verbs),      ON_SERVER,            OPT_BOOL,   "false",            0, 0,       false},
	{FIELD(verify_rows),        ON_SERVER | ON_TABLE, OPT_BOOL,   "true",             0, 0,       false},
	{FIELD(fdw_startup_cost),   ON_SERVER | ON_TABLE, OPT_COST,   "200",              0, 1e10,    false},
	{FIELD(fdw_tuple_cost),     ON_SERVER | ON_TABLE, OPT_COST,   "0.01",             0, 1e10,    false},
	{FIELD(keep_connections),   ON_SERVER,            OPT_BOOL,   "true",             0, 0,       false},
	{FIELD(max_response_size),  ON_SERVER,            OPT_BYTES,  "256MB",            1, 1e15,    false},
	{FIELD(proxy),              ON_SERVER,            OPT_URL,    NULL,               0, 0,       false},
	{FIELD(user_agent),         ON_SERVER,            OPT_TEXT,   "catalogs_fdw/1.0", 0, 0,       false},
	{FIELD(ca_file),            ON_SERVER,            OPT_TEXT,   NULL,               0, 0,       true},
	{FIELD(ssl_verify),         ON_SERVER,            OPT_BOOL,   "true",             0, 0,       true},
	{SECRET(access_token),      ON_USER,              OPT_SECRET, NULL,               0, 0,       false},
	{SECRET(login),             ON_USER,              OPT_SECRET, NULL,               0, 0,       false},
	{SECRET(api_key),           ON_USER,              OPT_SECRET, NULL,               0, 0,       false},
	/* The column of a table keeps these: read_column_options(). */
	{"column_name", 0,          ON_COLUMN,            OPT_TEXT,   NULL,               0, 0,       false},
	{"constant", 0,             ON_COLUMN,            OPT_ANY,    NULL,               0, 0,       false},
};
/* clang-format on */

/* A column of this key, or name, reads the whole item. */
#define WHOLE_ITEM "attrs"

/* A table as declared, read when it was asked for. */
typedef struct TableEntry
{
	Oid relid;             /* hash key */
	MemoryContext context; /* holds the table; NULL: there is none */
	CfdwTable *table;
	bool valid; /* nothing of it has changed since */
} TableEntry;

static HTAB *tables = NULL;

/* Contexts of tables that a statement may still use. */
static List *outdated = NIL;

/* How often something that has been declared was changed. */
static uint64 declared_changes = 0;

static CfdwTable *read_table(Relation rel);
static void on_table_change(Datum arg, Oid relid);
static void on_server_change(Datum arg, int cache, uint32 hash);
static void on_transaction_end(XactEvent event, void *arg);
static const CfdwOptions *defaults(void);
static int context_of_catalog(Oid catalog);
static const OptionDef *find_option(const char *name, int where);
static void refuse_unknown(const char *name, int where);
static void check_required(List *options, int where);
static void read_list(List *options, int where, void *target);
static void read_value(const OptionDef *def, const char *value, void *target);
static void read_integer(const OptionDef *def, const char *value, int unit,
						 int *result);
static void read_real(const OptionDef *def, const char *value, int unit,
					  double *result);
static void refuse_value(const OptionDef *def, const char *value,
						 const char *hint);
static void refuse_range(const OptionDef *def, const char *value);
static void check_text(const OptionDef *def, const char *value);
static void check_path(const OptionDef *def, const char *value);
static char *read_url(const OptionDef *def, const char *value);
static const char *url_fault(const char *value, const char *host,
							 const char *end);
static bool port_is_valid(const char *port, const char *end);
static bool host_is_loopback(const char *host, size_t len);
static void check_superuser(const OptionDef *def, const char *value);
static void read_column(Relation rel, int i, CfdwTable *table);
static void read_column_options(Oid relid, CfdwTableColumn *column);

/*
 * Called once when the library is loaded.
 */
void
cfdw_option_init(void)
{
	HASHCTL control = {.keysize = sizeof(Oid), .entrysize = sizeof(TableEntry)};

	tables =
		hash_create("catalogs_fdw tables", 8, &control, HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(on_table_change, (Datum) 0);
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, on_server_change,
								  (Datum) 0);
	RegisterXactCallback(on_transaction_end, NULL);
}

/*
 * Checks the options given to CREATE or ALTER of the object kind that CATALOG
 * holds.  Raises HV00D for a name that does not belong there, HV024 or the
 * error of the value's reader for a wrong value, HV002 for a missing one,
 * 42501 for what only a superuser may set.
 */
void
cfdw_option_validate(List *options, Oid catalog)
{
	int where = context_of_catalog(catalog);
	CfdwOptions unused_options;
	CfdwCredentials unused_credentials;
	ListCell *lc;

	foreach(lc, options)
	{
		DefElem *def = (DefElem *) lfirst(lc);
		const OptionDef *option = find_option(def->defname, where);

		if (option == NULL)
			refuse_unknown(def->defname, where);
		check_superuser(option, defGetString(def));
	}

	read_list(options, where,
			  where == ON_USER ? (void *) &unused_credentials
							   : (void *) &unused_options);
	check_required(options, where);
}

/*
 * Reads a server's options into *OPTIONS, defaults where it has none.  Strings
 * are palloc'ed in the current context.
 */
void
cfdw_option_server(ForeignServer *server, CfdwOptions *options)
{
	*options = *defaults();
	read_list(server->options, ON_SERVER, options);
}

/*
 * The options where nothing is declared; made once.
 */
static const CfdwOptions *
defaults(void)
{
	static CfdwOptions *made = NULL;
	MemoryContext caller;
	CfdwOptions *options;

	if (made != NULL)
		return made;
	caller = MemoryContextSwitchTo(TopMemoryContext);
	options = palloc0(sizeof(CfdwOptions));
	for (size_t i = 0; i < lengthof(option_defs); i++)
		if ((option_defs[i].where & (ON_SERVER | ON_TABLE)) &&
			option_defs[i].initial != NULL)
			read_value(&option_defs[i], option_defs[i].initial, options);
	MemoryContextSwitchTo(caller);
	made = options;
	return made;
}

/*
 * Reads a user mapping's options into *CREDENTIALS; NULL for what it does not
 * have.  All is palloc'ed in the current context.
 */
void
cfdw_option_user(UserMapping *user, CfdwCredentials *credentials)
{
	memset(credentials, 0, sizeof(*credentials));
	read_list(user->options, ON_USER, credentials);
	for (size_t i = 0; i < lengthof(option_defs); i++)
	{
		const OptionDef *def = &option_defs[i];
		char *value;

		if (def->kind != OPT_SECRET)
			continue;
		value = *(char **) ((char *) credentials + def->offset);
		if (value != NULL)
			credentials->secrets = lappend(credentials->secrets, value);
	}
}

/*
 * The user mapping that GetUserMapping() would find, of the role or else of PUBLIC,
 * without its options: this is asked in each statement, and they take longer.
 * Raises 42704 when there is none.
 */
Oid
cfdw_option_mapping(Oid userid, Oid serverid)
{
	Oid users[] = {userid, InvalidOid};
	Oid mapping = InvalidOid;

	for (size_t i = 0; i < lengthof(users) && !OidIsValid(mapping); i++)
		mapping = GetSysCacheOid2(
			USERMAPPINGUSERSERVER, Anum_pg_user_mapping_oid,
			ObjectIdGetDatum(users[i]), ObjectIdGetDatum(serverid));
	return OidIsValid(mapping) ? mapping
							   : GetUserMapping(userid, serverid)->umid;
}

/*
 * What the user declared of a foreign table, as it is now; not to be changed.
 * It lasts until the end of the transaction, or longer: reading it costs as
 * much as the rest of a short statement.
 */
CfdwTable *
cfdw_option_table(Relation rel)
{
	Oid relid = RelationGetRelid(rel);
	uint64 changes_before = declared_changes;
	TableEntry *entry;
	MemoryContext context;
	MemoryContext caller;
	bool found;

	entry = hash_search(tables, &relid, HASH_ENTER, &found);
	if (!found)
		entry->context = NULL;
	if (entry->context != NULL && entry->valid)
		return entry->table;

	caller = MemoryContextSwitchTo(CacheMemoryContext);
	if (entry->context != NULL)
		outdated = lappend(outdated, entry->context);
	entry->context = NULL;
	MemoryContextSwitchTo(caller);
	context = AllocSetContextCreate(CurrentMemoryContext, "catalogs_fdw table",
									ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(context);
	entry->table = read_table(rel);
	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(context, CacheMemoryContext);
	entry->context = context;
	entry->valid = declared_changes == changes_before;
	return entry->table;
}

static CfdwTable *
read_table(Relation rel)
{
	CfdwTable *table = palloc0(sizeof(CfdwTable));
	ForeignTable *foreign = GetForeignTable(RelationGetRelid(rel));

	table->relid = RelationGetRelid(rel);
	table->serverid = foreign->serverid;
	table->name = pstrdup(RelationGetRelationName(rel));
	table->resource = &cfdw_lists;
	cfdw_option_server(GetForeignServer(foreign->serverid), &table->options);
	table->options.path = pstrdup(table->resource->path);
	read_list(foreign->options, ON_TABLE, &table->options);

	table->ncolumns = RelationGetNumberOfAttributes(rel);
	table->columns = palloc0(sizeof(CfdwTableColumn) * Max(table->ncolumns, 1));
	for (int i = 0; i < table->ncolumns; i++)
		read_column(rel, i, table);
	return table;
}

static int
context_of_catalog(Oid catalog)
{
	switch (catalog)
	{
		case ForeignServerRelationId:
			return ON_SERVER;
		case ForeignTableRelationId:
			return ON_TABLE;
		case UserMappingRelationId:
			return ON_USER;
		case AttributeRelationId:
			return ON_COLUMN;
		default:
			return 0; /* the wrapper itself has no options */
	}
}

static const OptionDef *
find_option(const char *name, int where)
{
	for (size_t i = 0; i < lengthof(option_defs); i++)
		if ((option_defs[i].where & where) != 0 &&
			strcmp(option_defs[i].name, name) == 0)
			return &option_defs[i];
	return NULL;
}

/*
 * Raises HV00D; the hint names the valid option nearest to what was written,
 * or all of them when none is near.
 */
static void
refuse_unknown(const char *name, int where)
{
	StringInfoData valid;
	const char *nearest = NULL;
	int nearest_distance = 4; /* more edits are another word */
	int len = (int) Min(strlen(name), NAMEDATALEN - 1);

	initStringInfo(&valid);
	for (size_t i = 0; i < lengthof(option_defs); i++)
	{
		const char *candidate = option_defs[i].name;
		int distance;

		if ((option_defs[i].where & where) == 0)
			continue;
		appendStringInfo(&valid, "%s%s", valid.len > 0 ? ", " : "", candidate);
		distance = varstr_levenshtein_less_equal(name, len, candidate,
												 strlen(candidate), 1, 1, 1,
												 nearest_distance, true);
		if (distance < nearest_distance)
		{
			nearest = candidate;
			nearest_distance = distance;
		}
	}

	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
			 errmsg("invalid option \"%s\"", name),
			 nearest != NULL
				 ? errhint("Perhaps you meant the option \"%s\".", nearest)
			 : valid.len > 0
				 ? errhint("Valid options in this context are: %s", valid.data)
				 : errhint("There are no valid options in this context.")));
}

/*
 * Raises HV002 when an option that the object cannot do without is missing.
 */
static void
check_required(List *options, int where)
{
	bool given[lengthof(option_defs)] = {false};
	ListCell *lc;

#define GIVEN(name) given[find_option(name, where) - option_defs]

	foreach(lc, options)
	{
		DefElem *def = (DefElem *) lfirst(lc);

		GIVEN(def->defname) = true;
	}

	if (where == ON_SERVER && !GIVEN("url"))
		ereport(
			ERROR,
			(errcode(ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED),
			 errmsg("option \"url\" is required"),
			 errhint(
				 "For example: OPTIONS (url 'https://example.amocrm.ru').")));
	if (where == ON_USER &&
		(GIVEN("access_token") ? GIVEN("login") || GIVEN("api_key")
							   : !GIVEN("login") || !GIVEN("api_key")))
		ereport(
			ERROR,
			(errcode(ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED),
			 errmsg("a user mapping needs one way to sign in"),
			 errhint(
				 "Give either \"access_token\", or \"login\" with \"api_key\".")));
	if (where == ON_COLUMN && GIVEN("column_name") && GIVEN("constant"))
		ereport(
			ERROR,
			(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
			 errmsg(
				 "options \"column_name\" and \"constant\" exclude each other")));
#undef GIVEN
}

/*
 * Reads those of OPTIONS that may stand at WHERE into TARGET, a CfdwOptions or
 * a CfdwCredentials.
 */
static void
read_list(List *options, int where, void *target)
{
	ListCell *lc;

	foreach(lc, options)
	{
		DefElem *def = (DefElem *) lfirst(lc);
		const OptionDef *option = find_option(def->defname, where);

		if (option != NULL)
			read_value(option, defGetString(def), target);
	}
}

static void
read_value(const OptionDef *def, const char *value, void *target)
{
	char *field = (char *) target + def->offset;

	switch (def->kind)
	{
		case OPT_BOOL:
			if (!parse_bool(value, (bool *) field))
				refuse_value(def, value, "Valid values are true and false.");
			break;
		case OPT_MODE:
			*(bool *) field = strcmp(value, "immediate") == 0;
			if (!*(bool *) field && strcmp(value, "deferred") != 0)
				refuse_value(def, value,
							 "Valid values are deferred and immediate.");
			break;
		case OPT_INT:
			read_integer(def, value, 0, (int *) field);
			break;
		case OPT_MS:
			read_integer(def, value, GUC_UNIT_MS, (int *) field);
			break;
		case OPT_BYTES:
		{
			double bytes;

			read_real(def, value, GUC_UNIT_BYTE, &bytes);
			*(int64 *) field = (int64) bytes;
			break;
		}
		case OPT_COST:
			read_real(def, value, 0, (double *) field);
			break;
		case OPT_ANY:
			break;
		case OPT_TEXT:
		case OPT_SECRET:
			check_text(def, value);
			if (def->where != ON_COLUMN)
				*(char **) field = pstrdup(value);
			break;
		case OPT_URL:
			*(char **) field = read_url(def, value);
			break;
		case OPT_PATH:
			check_path(def, value);
			*(char **) field = pstrdup(value);
			break;
	}
}

static void
read_integer(const OptionDef *def, const char *value, int unit, int *result)
{
	const char *hint = NULL;

	if (!parse_int(value, result, unit, &hint))
		refuse_value(def, value, hint);
	if (*result < def->min || *result > def->max)
		refuse_range(def, value);
}

static void
read_real(const OptionDef *def, const char *value, int unit, double *result)
{
	const char *hint = NULL;

	if (!parse_real(value, result, unit, &hint) || isnan(*result))
		refuse_value(def, value, hint);
	if (*result < def->min || *result > def->max)
		refuse_range(def, value);
}

/*
 * Raises HV024 for a value that cannot be read.  HINT may be NULL.
 */
static void
refuse_value(const OptionDef *def, const char *value, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
					errmsg("invalid value for option \"%s\": \"%s\"", def->name,
						   value),
					hint != NULL ? errhint("%s", hint) : 0));
}

static void
refuse_range(const OptionDef *def, const char *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
			 errmsg("value \"%s\" is out of range for option \"%s\"", value,
					def->name),
			 errhint("The valid range is %.15g to %.15g%s.", def->min, def->max,
					 def->kind == OPT_MS      ? " milliseconds"
					 : def->kind == OPT_BYTES ? " bytes"
											  : "")));
}

/*
 * A text goes into a header or a file name: it must not be empty and must not
 * hold control characters.  The message shows no value, for it may be secret.
 */
static void
check_text(const OptionDef *def, const char *value)
{
	if (value[0] == '\0')
		ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
						errmsg("option \"%s\" must not be empty", def->name)));
	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char) *p < ' ' || *p == 0x7f)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
					 errmsg("option \"%s\" must not contain control characters",
							def->name)));
}

static void
check_path(const OptionDef *def, const char *value)
{
	bool valid = value[0] == '/';

	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char) *p <= ' ' || strchr("?#\\", *p) != NULL ||
			*p == 0x7f)
			valid = false;
	if (!valid)
		refuse_value(
			def, value,
			"A path begins with a slash and has no query, fragment or spaces.");
}

/*
 * A URL without credentials, path, query or fragment; returns it without the
 * slash at its end.
 */
static char *
read_url(const OptionDef *def, const char *value)
{
	const char *host = strstr(value, "://");
	const char *end;
	const char *fault;

	if (strchr(value, '@') != NULL)
		ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
						errmsg("option \"%s\" must not contain credentials",
							   def->name),
						errhint("Credentials belong into the user mapping.")));

	host = host != NULL ? host + strlen("://") : value;
	end = host + strcspn(host, "/");
	fault = url_fault(value, host, end);
	if (fault != NULL)
		refuse_value(def, value, fault);
	return pnstrdup(value, end - value);
}

/*
 * What is wrong with the URL VALUE whose host and port stand from HOST to END,
 * as a sentence, or NULL.
 */
static const char *
url_fault(const char *value, const char *host, const char *end)
{
	const char *colon;
	const char *host_end = end;

	if (pg_strncasecmp(value, "https://", 8) != 0 &&
		pg_strncasecmp(value, "http://", 7) != 0)
		return "A URL begins with https:// (or http:// for this machine itself).";
	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char) *p <= ' ' || *p == 0x7f ||
			strchr("\\\"<>^`{|}", *p) != NULL)
			return "A URL has no spaces or special characters.";
	if (strpbrk(value, "?#") != NULL || (*end == '/' && end[1] != '\0'))
		return "Give scheme, host and port alone; the path is an option of the table.";

	colon = *host == '[' ? strchr(host, ']') : host;
	if (colon != NULL && colon < end)
		colon = strchr(colon, ':');
	if (*host == '[' &&
		(strchr(host, ']') == NULL ||
		 (strchr(host, ']') + 1 != end && strchr(host, ']') + 1 != colon)))
		return "An IPv6 address stands in brackets, a port after them.";
	if (colon != NULL && colon < end)
	{
		if (!port_is_valid(colon + 1, end))
			return "A port is a number from 1 to 65535.";
		host_end = colon;
	}
	return host_end == host || strncmp(host, "[]", 2) == 0
			   ? "The host is missing."
			   : NULL;
}

static bool
port_is_valid(const char *port, const char *end)
{
	int number = 0;

	if (port == end || end - port > 5)
		return false;
	for (const char *p = port; p < end; p++)
	{
		if (!isdigit((unsigned char) *p))
			return false;
		number = number * 10 + (*p - '0');
	}
	return number >= 1 && number <= 65535;
}

/*
 * Whether a host names this machine by its nature: localhost, a name below
 * it (RFC 6761), 127.0.0.0/8 or ::1.
 */
static bool
host_is_loopback(const char *host, size_t len)
{
	static const char localhost[] = "localhost";
	size_t tail = sizeof(localhost) - 1;

	if (len >= tail && pg_strncasecmp(host + len - tail, localhost, tail) == 0)
		return len == tail || host[len - tail - 1] == '.';
	if (len == 5 && strncmp(host, "[::1]", 5) == 0)
		return true;
	if (len < 7 || strncmp(host, "127.", 4) != 0)
		return false;
	return strspn(host, "0123456789.") >= len;
}

/*
 * Raises 42501 when only a superuser may set DEF to VALUE.
 */
static void
check_superuser(const OptionDef *def, const char *value)
{
	if (superuser())
		return;
	if (def->superuser)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to set option \"%s\"", def->name),
				 errdetail("Only a superuser may set it.")));
	if (def->offset == offsetof(CfdwOptions, url) && def->kind == OPT_URL &&
		pg_strncasecmp(value, "http://", 7) == 0)
	{
		const char *host = value + 7;
		size_t len =
			*host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");

		if (!host_is_loopback(host, Min(len, strlen(host))))
			ereport(
				ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to use plain http in option \"%s\"",
						def->name),
				 errdetail(
					 "Only a superuser may set it for another host than this machine."),
				 errhint("Use https.")));
	}
}

/*
 * Fills in column I of TABLE.  Dropped columns, and those that PostgreSQL
 * generates, keep attribute number 0.
 */
static void
read_column(Relation rel, int i, CfdwTable *table)
{
	Form_pg_attribute attr = TupleDescAttr(RelationGetDescr(rel), i);
	CfdwTableColumn *column = &table->columns[i];

	if (attr->attisdropped || attr->attgenerated != '\0')
		return;
	column->attnum = attr->attnum;
	column->name = pstrdup(NameStr(attr->attname));
	column->typid = attr->atttypid;
	column->typmod = attr->atttypmod;
	column->collation = attr->attcollation;
	column->index = -1;
	column->kind = CFDW_KIND_OTHER;
	read_column_options(table->relid, column);
	if (column->constant != NULL)
		return;

	if (column->key == NULL)
		column->key = pstrdup(column->name);
	column->index = cfdw_resource_find(table->resource, column->key);
	if (column->index >= 0)
	{
		column->fact = &table->resource->columns[column->index];
		column->kind = column->fact->kind;
	}
	else if (strcmp(column->key, WHOLE_ITEM) == 0)
		column->kind = CFDW_KIND_ITEM;
	if (column->index == table->resource->id && table->id_attnum == 0)
		table->id_attnum = attr->attnum;
}

static void
read_column_options(Oid relid, CfdwTableColumn *column)
{
	ListCell *lc;

	foreach(lc, GetForeignColumnOptions(relid, column->attnum))
	{
		DefElem *def = (DefElem *) lfirst(lc);

		if (strcmp(def->defname, "column_name") == 0)
			column->key = pstrdup(defGetString(def));
		else if (strcmp(def->defname, "constant") == 0)
			column->constant = pstrdup(defGetString(def));
	}
}

/*
 * A foreign table was altered, or with InvalidOid any.
 */
static void
on_table_change(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS scan;
	TableEntry *entry;

	declared_changes++;
	if (OidIsValid(relid))
	{
		entry = hash_search(tables, &relid, HASH_FIND, NULL);
		if (entry != NULL)
			entry->valid = false;
		return;
	}
	hash_seq_init(&scan, tables);
	while ((entry = hash_seq_search(&scan)) != NULL)
		entry->valid = false;
}

/*
 * A server was altered: its options are its tables' too.
 */
static void
on_server_change(Datum arg, int cache, uint32 hash)
{
	on_table_change(arg, InvalidOid);
}

/*
 * Frees what no statement uses any more.  Never raises.
 */
static void
on_transaction_end(XactEvent event, void *arg)
{
	static uint64 changes_swept = 0;
	HASH_SEQ_STATUS scan;
	TableEntry *entry;
	ListCell *lc;

	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;
	foreach(lc, outdated)
		MemoryContextDelete(lfirst(lc));
	list_free(outdated);
	outdated = NIL;
	if (changes_swept == declared_changes)
		return;
	hash_seq_init(&scan, tables);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (entry->context == NULL || !entry->valid)
		{
			if (entry->context != NULL)
				MemoryContextDelete(entry->context);
			hash_search(tables, &entry->relid, HASH_REMOVE, NULL);
		}
	changes_swept = declared_changes;
}
