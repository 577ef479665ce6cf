/*-------------------------------------------------------------------------
 *
 * option.c
 *	  What the user declared of a server, a table, a column or a user mapping.
 *
 * Owns the option table: one row an option, which gives its name, where it
 * may stand, how its text is read, its default and its range.  The validator,
 * the readers and the hints all work from that table.  Must not know what an
 * option is used for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <limits.h>
#include <math.h>

#include "access/reloptions.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "common/base64.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "declare/familiar.h"
#include "declare/option.h"
#include "declare/url.h"

/* Where an option may stand. */
#define ON_SERVER 1
#define ON_TABLE 2
#define ON_USER 4
#define ON_COLUMN 8
#define ON_IMPORT 16

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
	OPT_AGENT, /* the same, with escapes that net/agent knows */
	OPT_URL,   /* char *, scheme://host[:port] */
	OPT_PATH   /* char *, absolute path without a query */
} OptionKind;

/* What else is to be known of an option. */
#define OPT_SUPERUSER 1 /* only a superuser may set it */
#define OPT_SECRET 2    /* no message shows it, whoever says it */

typedef struct OptionDef
{
	const char *name;
	size_t offset; /* in what is declared at that place: see read_value() */
	int where;
	OptionKind kind;
	const char *initial; /* text of the default, or NULL for none */
	double min;
	double max;
	int flags;
} OptionDef;

#define FIELD(name) #name, offsetof(CfdwOptions, name)
#define FIELD_MS(name) #name, offsetof(CfdwOptions, name##_ms)
#define USER_FIELD(name) #name, offsetof(CfdwCredentials, name)
#define COLUMN_FIELD(name) offsetof(CfdwTableColumn, name)
#define IMPORT_FIELD(name) "import_" #name, offsetof(CfdwImport, name)

/* clang-format off */
static const OptionDef option_defs[] = {
	/* name and field           where                 kind        default             min  max   flags */
	{FIELD(url),                ON_SERVER,            OPT_URL,    NULL,               0, 0,       0},
	{FIELD(path),               ON_TABLE,             OPT_PATH,   NULL,               0, 0,       0},
	{FIELD_MS(connect_timeout), ON_SERVER,            OPT_MS,     "5s",               1, INT_MAX, 0},
	{FIELD_MS(request_timeout), ON_SERVER,            OPT_MS,     "30s",              1, INT_MAX, 0},
	{FIELD_MS(commit_timeout),  ON_SERVER,            OPT_MS,     "60s",              1, INT_MAX, 0},
	{FIELD(requests_per_second), ON_SERVER,           OPT_INT,    "7",                0, 1000,    0},
	{FIELD(max_retries),        ON_SERVER,            OPT_INT,    "3",                0, 100,     0},
	{FIELD(batch_size),         ON_SERVER | ON_TABLE, OPT_INT,    "50",               1, 500,     0},
	{FIELD(updatable),          ON_SERVER | ON_TABLE, OPT_BOOL,   "true",             0, 0,       0},
	{FIELD(async_capable),      ON_SERVER | ON_TABLE, OPT_BOOL,   "true",             0, 0,       0},
	{FIELD(truncatable),        ON_SERVER | ON_TABLE, OPT_BOOL,   "true",             0, 0,       0},
	{"write_mode", offsetof(CfdwOptions, immediate), ON_SERVER | ON_TABLE, OPT_MODE, "deferred",     0, 0,       0},
	{FIELD(undo),               ON_SERVER | ON_TABLE, OPT_BOOL,   "true",             0, 0,       0},
	{FIELD(combine_verbs),      ON_SERVER,            OPT_BOOL,   "false",            0, 0,       0},
	{FIELD(verify_rows),        ON_SERVER | ON_TABLE, OPT_BOOL,   "true",             0, 0,       0},
	{FIELD(fdw_startup_cost),   ON_SERVER | ON_TABLE, OPT_COST,   "200",              0, 1e10,    0},
	{FIELD(fdw_tuple_cost),     ON_SERVER | ON_TABLE, OPT_COST,   "0.01",             0, 1e10,    0},
	{FIELD(keep_connections),   ON_SERVER,            OPT_BOOL,   "true",             0, 0,       0},
	{FIELD(max_response_size),  ON_SERVER,            OPT_BYTES,  "256MB",            1, 1e15,    0},
	{FIELD(proxy),              ON_SERVER,            OPT_URL,    NULL,               0, 0,       0},
	{FIELD(user_agent),         ON_SERVER,            OPT_AGENT,  "catalogs_fdw/" CFDW_VERSION, 0, 0,       0},
	{FIELD(ca_file),            ON_SERVER,            OPT_TEXT,   NULL,               0, 0,       OPT_SUPERUSER},
	{FIELD(ssl_verify),         ON_SERVER,            OPT_BOOL,   "true",             0, 0,       OPT_SUPERUSER},
	{USER_FIELD(access_token),  ON_USER,              OPT_TEXT,   NULL,               0, 0,       OPT_SECRET},
	{USER_FIELD(login),         ON_USER,              OPT_TEXT,   NULL,               0, 0,       OPT_SECRET},
	{USER_FIELD(api_key),       ON_USER,              OPT_TEXT,   NULL,               0, 0,       OPT_SECRET},
	{USER_FIELD(proxy_user),    ON_USER,              OPT_TEXT,   NULL,               0, 0,       OPT_SECRET},
	{USER_FIELD(proxy_password), ON_USER,            OPT_TEXT,   NULL,               0, 0,       OPT_SECRET},
	{"column_name", COLUMN_FIELD(key), ON_COLUMN,    OPT_TEXT,   NULL,               0, 0,       0},
	{"constant", COLUMN_FIELD(constant), ON_COLUMN,   OPT_ANY,    NULL,               0, 0,       0},
	{IMPORT_FIELD(attrs),       ON_IMPORT,            OPT_BOOL,   "false",            0, 0,       0},
	{IMPORT_FIELD(account),     ON_IMPORT,            OPT_ANY,    NULL,               0, 0,       0},
};
/* clang-format on */

static void read_checked(List *options, int where, void *target);
static const CfdwOptions *defaults(void);
static char *proxy_login(const CfdwCredentials *credentials);
static void wipe(char *value);
static int context_of_catalog(Oid catalog);
static const OptionDef *find_option(const char *name, int where);
static void refuse_unknown(const char *name, int where);
static const char *find_nearest(const char *name, int where);
static const char *place_hint(int where);
static void check_required(List *options, int where);
static void read_list(List *options, int where, void *target);
static void read_value(const OptionDef *def, const char *value, void *target);
static void read_integer(const OptionDef *def, const char *value, int unit,
						 int *result);
static void read_real(const OptionDef *def, const char *value, int unit,
					  double *result);
static void check_whole(const OptionDef *def, const char *value);
static void check_unit(const OptionDef *def, const char *value);
static void refuse_value(const OptionDef *def, const char *value,
						 const char *hint);
static void refuse_range(const OptionDef *def, const char *value);
static void check_text(const OptionDef *def, const char *value);
static void check_escapes(const OptionDef *def, const char *value);
static void check_path(const OptionDef *def, const char *value);
static char *read_url(const OptionDef *def, const char *value);
static void check_superuser(const OptionDef *def, const char *value);

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
	union
	{
		CfdwOptions options;
		CfdwCredentials credentials;
		CfdwTableColumn column;
	} unused;

	read_checked(options, where, &unused);
	check_required(options, where);
}

/*
 * Reads the options of IMPORT FOREIGN SCHEMA into *IMPORT, which they are valid
 * for; raises as cfdw_option_validate().
 */
void
cfdw_option_import(List *options, CfdwImport *import)
{
	memset(import, 0, sizeof(*import));
	read_checked(options, ON_IMPORT, import);
}

/*
 * Reads OPTIONS, which must be valid at WHERE, into TARGET.
 */
static void
read_checked(List *options, int where, void *target)
{
	ListCell *lc;

	foreach(lc, options)
	{
		DefElem *def = (DefElem *) lfirst(lc);
		const OptionDef *option = find_option(def->defname, where);

		if (option == NULL)
			refuse_unknown(def->defname, where);
		read_value(option, defGetString(def), target);
		check_superuser(option, defGetString(def));
	}
}

/*
 * Reads a server's options into *OPTIONS, defaults where it has none.  Strings
 * are palloc'ed in the current context.  The same account has the same url, however
 * it is written.
 */
void
cfdw_option_server(ForeignServer *server, CfdwOptions *options)
{
	const char *peer;
	CfdwUrl url;

	*options = *defaults();
	read_list(server->options, ON_SERVER, options);
	options->url = cfdw_url_canonical(options->url);

	/* A name may come to mean another machine. */
	peer = options->proxy != NULL ? options->proxy : options->url;
	options->loopback_only =
		cfdw_url_read(peer, &url) == NULL && !url.secure && url.loopback;
}

/*
 * Reads a table's options into *OPTIONS, over those of its server.
 */
void
cfdw_option_table(ForeignTable *table, CfdwOptions *options)
{
	read_list(table->options, ON_TABLE, options);
}

/*
 * Reads a column's options into *COLUMN.
 */
void
cfdw_option_column(Oid relid, CfdwTableColumn *column)
{
	read_list(GetForeignColumnOptions(relid, column->attnum), ON_COLUMN,
			  column);
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
 * have.  All is palloc'ed in the current context; the secrets in USER are wiped.
 */
void
cfdw_option_user(UserMapping *user, CfdwCredentials *credentials)
{
	ListCell *lc;

	memset(credentials, 0, sizeof(*credentials));
	read_list(user->options, ON_USER, credentials);
	foreach(lc, user->options)
		wipe(defGetString((DefElem *) lfirst(lc)));
	for (size_t i = 0; i < lengthof(option_defs); i++)
	{
		const OptionDef *def = &option_defs[i];
		char *value;

		if ((def->flags & OPT_SECRET) == 0)
			continue;
		value = *(char **) ((char *) credentials + def->offset);
		if (value != NULL)
			credentials->secrets = lappend(credentials->secrets, value);
	}
	if (credentials->proxy_user != NULL)
		credentials->secrets =
			lappend(credentials->secrets, proxy_login(credentials));
}

/*
 * The login as a proxy is told it (RFC 7617), and may repeat it.
 */
static char *
proxy_login(const CfdwCredentials *credentials)
{
	char *plain =
		psprintf("%s:%s", credentials->proxy_user, credentials->proxy_password);
	int len = (int) strlen(plain);
	int size = pg_b64_enc_len(len);
	char *coded = palloc(size + 1);

	/* Of uint8 from PostgreSQL 18 on, else of char. */
	len = pg_b64_encode((const void *) plain, len, coded, size);
	coded[Max(len, 0)] = '\0';
	wipe(plain);
	pfree(plain);
	return coded;
}

/*
 * Wipes what cfdw_option_user() has read, before its memory is freed: that is handed
 * out again, or stands in a core dump, as it was left.  Never raises.
 */
void
cfdw_option_forget_user(CfdwCredentials *credentials)
{
	ListCell *lc;

	foreach(lc, credentials->secrets)
		wipe(lfirst(lc));
}

static void
wipe(char *value)
{
	explicit_bzero(value, strlen(value));
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
 * Raises HV00D; the hint says where an option of that name belongs, or what there
 * is in place of one of another wrapper, or else names the valid option nearest to
 * what was written, or all of them when none is near.
 */
static void
refuse_unknown(const char *name, int where)
{
	const OptionDef *elsewhere = find_option(
		name, ON_SERVER | ON_TABLE | ON_USER | ON_COLUMN | ON_IMPORT);
	const char *familiar = cfdw_familiar_hint(name);
	const char *nearest = find_nearest(name, where);
	StringInfoData valid;

	initStringInfo(&valid);
	for (size_t i = 0; i < lengthof(option_defs); i++)
		if (option_defs[i].where & where)
			appendStringInfo(&valid, "%s%s", valid.len > 0 ? ", " : "",
							 option_defs[i].name);

	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
			 errmsg("invalid option \"%s\"", name),
			 elsewhere != NULL  ? errhint("%s", _(place_hint(elsewhere->where)))
			 : familiar != NULL ? errhint("%s", _(familiar))
			 : nearest != NULL
				 ? errhint("Perhaps you meant the option \"%s\".", nearest)
			 : valid.len > 0
				 ? errhint("Valid options in this context are: %s", valid.data)
				 : errhint("There are no valid options in this context.")));
}

/*
 * The option that may stand at WHERE whose name is nearest to NAME, or NULL.
 */
static const char *
find_nearest(const char *name, int where)
{
	const char *nearest = NULL;
	int nearest_distance = 4; /* more edits are another word */
	int len = (int) Min(strlen(name), NAMEDATALEN - 1);

	for (size_t i = 0; i < lengthof(option_defs); i++)
	{
		const char *candidate = option_defs[i].name;
		int distance;

		if ((option_defs[i].where & where) == 0)
			continue;
		distance = varstr_levenshtein_less_equal(name, len, candidate,
												 strlen(candidate), 1, 1, 1,
												 nearest_distance, true);
		if (distance < nearest_distance)
		{
			nearest = candidate;
			nearest_distance = distance;
		}
	}
	return nearest;
}

/*
 * Where an option belongs, as a sentence.
 */
static const char *
place_hint(int where)
{
	switch (where)
	{
		case ON_SERVER:
			return gettext_noop("It is an option of the server.");
		case ON_TABLE:
			return gettext_noop("It is an option of the foreign table.");
		case ON_USER:
			return gettext_noop("It is an option of the user mapping.");
		case ON_COLUMN:
			return gettext_noop("It is an option of a column.");
		case ON_IMPORT:
			return gettext_noop("It is an option of IMPORT FOREIGN SCHEMA.");
		default:
			return gettext_noop(
				"It is an option of the server, or of a foreign table.");
	}
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
	if (where == ON_USER && GIVEN("proxy_user") != GIVEN("proxy_password"))
		ereport(
			ERROR,
			(errcode(ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED),
			 errmsg(
				 "options \"proxy_user\" and \"proxy_password\" go together")));
	if (where == ON_COLUMN && GIVEN("column_name") && GIVEN("constant"))
		ereport(
			ERROR,
			(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
			 errmsg(
				 "options \"column_name\" and \"constant\" are mutually exclusive")));
#undef GIVEN
}

/*
 * Reads those of OPTIONS that may stand at WHERE into TARGET.
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

/*
 * Reads a value into TARGET: a CfdwOptions for a server or a table, else a
 * CfdwCredentials, a CfdwTableColumn or a CfdwImport.
 */
static void
read_value(const OptionDef *def, const char *value, void *target)
{
	char *field = (char *) target + def->offset;

	switch (def->kind)
	{
		case OPT_BOOL:
			if (!parse_bool(value, (bool *) field))
				refuse_value(def, value,
							 gettext_noop("Valid values are true and false."));
			break;
		case OPT_MODE:
			*(bool *) field = strcmp(value, "immediate") == 0;
			if (!*(bool *) field && strcmp(value, "deferred") != 0)
				refuse_value(
					def, value,
					gettext_noop("Valid values are deferred and immediate."));
			break;
		case OPT_INT:
			read_integer(def, value, 0, (int *) field);
			check_whole(def, value);
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
			*(char **) field = pstrdup(value);
			break;
		case OPT_TEXT:
			check_text(def, value);
			*(char **) field = pstrdup(value);
			break;
		case OPT_AGENT:
			check_text(def, value);
			check_escapes(def, value);
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
	check_unit(def, value);
	if (*result < def->min || *result > def->max)
		refuse_range(def, value);
}

static void
read_real(const OptionDef *def, const char *value, int unit, double *result)
{
	const char *hint = NULL;

	if (!parse_real(value, result, unit, &hint) || isnan(*result))
		refuse_value(def, value, hint);
	check_unit(def, value);
	if (*result < def->min || *result > def->max)
		refuse_range(def, value);
}

/*
 * Refuses a part of a number that counts: half a request a second would be rounded to
 * none, which is no limit.
 */
static void
check_whole(const OptionDef *def, const char *value)
{
	double number = strtod(value, NULL);

	if (number != rint(number))
		refuse_value(def, value, gettext_noop("Give a whole number."));
}

/*
 * Refuses a duration or a size that is a number alone: 10 are milliseconds here,
 * and seconds elsewhere.
 */
static void
check_unit(const OptionDef *def, const char *value)
{
	char *end;

	if (def->kind != OPT_MS && def->kind != OPT_BYTES)
		return;
	(void) strtod(value, &end);
	if (end[strspn(end, " \t\n\v\f\r")] == '\0')
		refuse_value(
			def, value,
			def->kind == OPT_MS
				? gettext_noop("Give a unit: ms, s, min, h or d, as in \"5s\".")
				: gettext_noop(
					  "Give a unit: B, kB, MB, GB or TB, as in \"64MB\"."));
}

/*
 * Raises HV024 for a value that cannot be read.  HINT may be NULL.
 */
static void
refuse_value(const OptionDef *def, const char *value, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
					def->flags & OPT_SECRET
						? errmsg("invalid value for option \"%s\"", def->name)
						: errmsg("invalid value for option \"%s\": \"%s\"",
								 def->name, value),
					hint != NULL ? errhint("%s", _(hint)) : 0));
}

static void
refuse_range(const OptionDef *def, const char *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
			 errmsg("value \"%s\" is out of range for option \"%s\"", value,
					def->name),
			 def->kind == OPT_MS
				 ? errhint("The valid range is %.15g to %.15g milliseconds.",
						   def->min, def->max)
			 : def->kind == OPT_BYTES
				 ? errhint("The valid range is %.15g to %.15g bytes.", def->min,
						   def->max)
				 : errhint("The valid range is %.15g to %.15g.", def->min,
						   def->max)));
}

/*
 * A text goes into a header or a file name: it must not be empty and must not
 * hold control characters.
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

/*
 * Behind a percent sign is a letter that net/agent knows, or another one.
 */
static void
check_escapes(const OptionDef *def, const char *value)
{
	for (const char *p = value; (p = strchr(p, '%')) != NULL; p += 2)
		if (p[1] == '\0' || strchr("aCcdpu%", p[1]) == NULL)
			refuse_value(
				def, value,
				gettext_noop(
					"Valid escapes are %a, %c, %C, %d, %p, %u and %%."));
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
			gettext_noop(
				"A path begins with a slash and has no query, fragment or spaces."));
}

/*
 * A URL without credentials, path, query or fragment; returns it without the
 * slash at its end.
 */
static char *
read_url(const OptionDef *def, const char *value)
{
	CfdwUrl url;
	const char *fault;
	size_t len = strlen(value);

	if (strchr(value, '@') != NULL)
		ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
						errmsg("option \"%s\" must not contain credentials",
							   def->name),
						errhint("Credentials belong in the user mapping.")));
	fault = cfdw_url_read(value, &url);
	if (fault != NULL)
		refuse_value(def, value, fault);
	return pnstrdup(value, value[len - 1] == '/' ? len - 1 : len);
}

/*
 * Raises 42501 when only a superuser may set DEF to VALUE.
 */
static void
check_superuser(const OptionDef *def, const char *value)
{
	CfdwUrl url;

	if (superuser())
		return;
	if (def->flags & OPT_SUPERUSER)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to set option \"%s\"", def->name),
				 errdetail("Only a superuser may set it.")));
	if (def->kind == OPT_URL && cfdw_url_read(value, &url) == NULL &&
		!url.secure && !url.loopback)
		ereport(
			ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to use plain http in option \"%s\"",
					def->name),
			 errdetail(
				 "Only a superuser may set it for another host than this machine."),
			 errhint("Use https.")));
}
