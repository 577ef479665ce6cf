/*-------------------------------------------------------------------------
 *
 * remain.c
 *	  What a transaction leaves in accounts that was not to be there.
 *
 * Owns the WARNINGs at the end of a transaction: each row whose difference could
 * not be sent, or of which nobody knows what became, is named in one of them, with
 * its account and the reason.
 *
 * Within an abort nothing may raise, and more so while the backend exits: an ERROR
 * there is a FATAL, and leaves the transaction's locks behind.  So what the
 * client's encoding cannot show is found out before the message is sent, with a
 * conversion that was looked up before anything went out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/xact.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "net/client.h"
#include "txn/name.h"
#include "txn/remain.h"

static int count_rows(CfdwAccount *account);
static void warn(CfdwAccount *account, StringInfo names, bool unknown);
static int append_rows(CfdwAccount *account, StringInfo names, bool unknown,
					   CfdwVerb verb);
static bool is_left(CfdwLedgerRow *row, bool *unknown, CfdwVerb *verb);
static const char *reason(CfdwAccount *account, bool only_deletes);
static char *format(const char *message, const char *first, const char *second);
static void send_warning(int sqlstate, char *message, char *detail, char *hint);

/*
 * The transaction ends, and all that can be sent is: warns of what remains.  Never
 * raises.
 */
void
cfdw_remain_warn(void)
{
	ListCell *lc;

	foreach(lc, cfdw_ledger_accounts())
	{
		CfdwAccount *account = lfirst(lc);
		int n = count_rows(account);
		StringInfoData names = {0};

		if (n == 0)
			continue;
		/* There is room for all of them, so that it does not grow. */
		names.maxlen = (n + CFDW_NVERBS) * CFDW_NAME_SIZE;
		names.data = cfdw_ledger_alloc(names.maxlen);
		if (names.data == NULL)
			continue;
		warn(account, &names, false);
		warn(account, &names, true);
		pfree(names.data);
	}
}

/*
 * The error that is raised now says that it is not known how a row is left.  That need
 * not be said again, when it ends the transaction and is sure to reach the client as it
 * is: where the client's encoding may have no equivalent for some of it, the server may
 * tell that instead.
 */
void
cfdw_remain_tell(CfdwLedgerRow *row)
{
	if (GetCurrentTransactionNestLevel() == 1 &&
		(cfdw_client_shows_all() || pg_get_client_encoding() == PG_UTF8))
		row->named = CFDW_NAMED_UNKNOWN;
}

/*
 * How many rows of an account are left otherwise than they are to be.
 */
static int
count_rows(CfdwAccount *account)
{
	dlist_iter iter;
	bool unknown;
	CfdwVerb verb;
	int n = 0;

	dlist_foreach(iter, &account->rows)
		if (is_left(dlist_container(CfdwLedgerRow, link, iter.cur), &unknown,
					&verb))
			n++;
	return n;
}

/*
 * Warns of those rows of an account of which it is certain how they are, or of
 * those of which it is UNKNOWN.  NAMES has room for their names.
 */
static void
warn(CfdwAccount *account, StringInfo names, bool unknown)
{
	int n[CFDW_NVERBS];

	resetStringInfo(names);
	for (int verb = 0; verb < CFDW_NVERBS; verb++)
		n[verb] = append_rows(account, names, unknown, verb);
	if (names->len == 0)
		return;
	if (unknown)
		send_warning(
			ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN,
			format(_("outcome of a request to server \"%s\" is unknown"),
				   account->server, ""),
			format(_("The account may have carried it out, or not: %s."),
				   names->data, ""),
			format(_("Check the account."), "", ""));
	else
		send_warning(
			ERRCODE_WARNING,
			format(_("changes that were rolled back remain on server \"%s\""),
				   account->server, ""),
			format(_("What remains: %s. %s"), names->data,
				   reason(account, n[CFDW_ADD] + n[CFDW_UPDATE] == 0)),
			NULL);
}

/*
 * Names the rows of a verb, and says how many those are.
 */
static int
append_rows(CfdwAccount *account, StringInfo names, bool unknown, CfdwVerb verb)
{
	int name = account->resource->name;
	int start = names->len;
	int n = 0;
	dlist_iter iter;

	for (int pass = 0; pass < 2; pass++)
	{
		/* The first time to count them: the verb wants to know how many. */
		names->len = start;
		if (pass > 0 && n > 0)
			cfdw_name_append_verb(names, verb, n);
		n = 0;
		dlist_foreach(iter, &account->rows)
		{
			CfdwLedgerRow *row = dlist_container(CfdwLedgerRow, link, iter.cur);
			bool is_unknown;
			CfdwVerb left;

			if (!is_left(row, &is_unknown, &left) || is_unknown != unknown ||
				left != verb)
				continue;
			if (pass > 0)
			{
				cfdw_name_append_row(names, row->id, row->values[name].told,
									 n == 0);
				row->named = unknown ? CFDW_NAMED_UNKNOWN : CFDW_NAMED_LEFT;
			}
			n++;
		}
	}
	return n;
}

/*
 * Whether a row is left otherwise than it is to be, and the client was not told so:
 * by which of the transaction's changes, and whether that is UNKNOWN.
 */
static bool
is_left(CfdwLedgerRow *row, bool *unknown, CfdwVerb *verb)
{
	return cfdw_difference_remains(row, verb, unknown) &&
		   row->named != (*unknown ? CFDW_NAMED_UNKNOWN : CFDW_NAMED_LEFT);
}

/*
 * Why changes remain: a sentence.
 */
static const char *
reason(CfdwAccount *account, bool only_deletes)
{
	dlist_iter iter;

	if (only_deletes)
		return _("A deleted list cannot be brought back.");
	if (account->why != NULL)
		return account->why;
	dlist_foreach(iter, &account->rows)
	{
		const CfdwLedgerRow *row =
			dlist_container(CfdwLedgerRow, link, iter.cur);

		if (row->told_through != NULL && !row->told_through->undo)
			return _("The option \"undo\" is off.");
	}
	return _("What was there before is not known.");
}

/*
 * A message with what it is about, of which there are two at most; NULL when there
 * is no memory.
 */
static char *
format(const char *message, const char *first, const char *second)
{
	Size size = strlen(message) + strlen(first) + strlen(second) + 1;
	char *text = cfdw_ledger_alloc(size);

	if (text != NULL)
		snprintf(text, size, message, first, second);
	return text;
}

/*
 * A WARNING that the client can be shown.
 */
static void
send_warning(int sqlstate, char *message, char *detail, char *hint)
{
	ErrorContextCallback *context = error_context_stack;

	if (message == NULL || detail == NULL)
		return;
	/* What calls us may have a name that the client cannot be shown; "WARNING" is
	 * translated by the server. */
	error_context_stack = NULL;
	ereport(cfdw_client_can_show(gettext("WARNING")) ? WARNING
													 : LOG_SERVER_ONLY,
			(errcode(sqlstate),
			 errmsg_internal("%s", cfdw_client_showable(message)),
			 errdetail_internal("%s", cfdw_client_showable(detail)),
			 hint != NULL ? errhint("%s", cfdw_client_showable(hint)) : 0));
	error_context_stack = context;
}
