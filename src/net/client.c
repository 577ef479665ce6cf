/*-------------------------------------------------------------------------
 *
 * client.c
 *	  What the client can be shown.
 *
 * A message whose text has no equivalent in the client's encoding reaches it as another
 * error, with another SQLSTATE; within an abort, that is an error where none may be
 * raised.  So a text is looked at before.  Must not know what it is about.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "catalog/namespace.h"
#include "common/string.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "net/client.h"

/* The conversion to the client's encoding, as last looked up. */
static int client_encoding = -1;
static FmgrInfo to_client;
static bool can_convert = false;

/*
 * Looks up the conversion to the client's encoding, as it is now.  To be called where
 * a catalog may be looked at, before the functions below.
 */
void
cfdw_client_prepare(void)
{
	int encoding = pg_get_client_encoding();
	Oid proc;

	if (encoding == client_encoding)
		return;
	client_encoding = -1;
	can_convert = false;
	proc = FindDefaultConversionProc(GetDatabaseEncoding(), encoding);
	if (OidIsValid(proc))
		fmgr_info_cxt(proc, &to_client, TopMemoryContext);
	can_convert = OidIsValid(proc);
	client_encoding = encoding;
}

/*
 * A text, with question marks in the place of what the client's encoding cannot
 * show, or might not: works on TEXT itself.  Never raises.
 */
char *
cfdw_client_showable(char *text)
{
	if (!cfdw_client_can_show(text))
		for (char *p = text; *p != '\0'; p++)
			if (IS_HIGHBIT_SET(*p))
				*p = '?';
	return text;
}

/*
 * Whether the client's encoding has all of a text.  False where that is not known.
 * Never raises.
 */
bool
cfdw_client_can_show(const char *text)
{
	int encoding = pg_get_client_encoding();
	int len = strlen(text);
	char *buffer;
	bool shown;

	if (cfdw_client_shows_all() || pg_is_ascii(text))
		return true;
	if (!can_convert || encoding != client_encoding)
		return false;
	buffer = palloc_extended((Size) len * MAX_CONVERSION_GROWTH + 1,
							 MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
	if (buffer == NULL)
		return false;
	shown = DatumGetInt32(
				FunctionCall6(&to_client, Int32GetDatum(GetDatabaseEncoding()),
							  Int32GetDatum(encoding), CStringGetDatum(text),
							  CStringGetDatum(buffer), Int32GetDatum(len),
							  BoolGetDatum(true))) == len;
	pfree(buffer);
	return shown;
}

/*
 * Whether the client's encoding takes any text of the database, as it is.
 */
bool
cfdw_client_shows_all(void)
{
	int encoding = pg_get_client_encoding();

	return encoding == GetDatabaseEncoding() || encoding == PG_SQL_ASCII;
}
