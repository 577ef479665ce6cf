/*-------------------------------------------------------------------------
 *
 * answer.c
 *	  What an answer, or the lack of one, means.
 *
 * Owns the tables that map how a transfer ended, HTTP statuses and the account's own
 * codes to what that means for a request, and to the SQLSTATE, reason and hint for a
 * person.  Nothing here raises an error: it serves an abort, too.
 *
 * Facts: the API page, "Errors"; the contract is the table of failures in
 * README.md.  Must not know what was asked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "net/answer.h"

/* clang-format off */

/* Sentences. */
static const char *const hints[] = {
	[CFDW_HINT_ADD_ADDRESS] = gettext_noop("Ask the account's administrator to add the address to the allowlist."),
	[CFDW_HINT_ASK_FOR_RIGHTS] = gettext_noop("Ask the account's administrator for access to lists."),
	[CFDW_HINT_CHECK_CA_FILE] = gettext_noop("Check the option \"ca_file\" of the server: it names a file of certificates in PEM format that the PostgreSQL server can read."),
	[CFDW_HINT_CHECK_CLOCK] = gettext_noop("Check the clock of this machine, or have the certificate renewed."),
	[CFDW_HINT_CHECK_HOST] = gettext_noop("Check the host name in the option \"url\" of the server."),
	[CFDW_HINT_CHECK_PAGE] = gettext_noop("Check the option \"url\" of the server, and whether the account is blocked."),
	[CFDW_HINT_CHECK_PATH] = gettext_noop("Check the option \"path\" of the table and the \"url\" of the server."),
	[CFDW_HINT_CHECK_PROXY] = gettext_noop("Set \"proxy_user\" and \"proxy_password\" in the user mapping."),
	[CFDW_HINT_CHECK_SIGN_IN] = gettext_noop("Check the credentials in the user mapping."),
	[CFDW_HINT_CHECK_URL] = gettext_noop("Check the option \"url\" of the server."),
	[CFDW_HINT_FEWER_FILES] = gettext_noop("Close cursors and other connections, or raise \"max_files_per_process\"."),
	[CFDW_HINT_LARGER_REPLIES] = gettext_noop("Raise the option \"max_response_size\" of the server."),
	[CFDW_HINT_MAYBE_BLOCKED] = gettext_noop("The account may be blocked, or not have this machine's address on its allowlist; ask its administrator."),
	[CFDW_HINT_MORE_TIME] = gettext_noop("Raise the option \"request_timeout\" of the server if the account is known to be slow."),
	[CFDW_HINT_MORE_TIME_TO_COMMIT] = gettext_noop("Raise the option \"commit_timeout\" of the server."),
	[CFDW_HINT_NAME_AUTHORITY] = gettext_noop("Install the system's certificates of authorities (package ca-certificates), or name the server's own authority in the option \"ca_file\"."),
	[CFDW_HINT_NO_TLS] = gettext_noop("Check the option \"url\" of the server: that port may be one for plain http."),
	[CFDW_HINT_ONLY_TLS] = gettext_noop("Check the option \"url\" of the server: that port may be one for https."),
	[CFDW_HINT_PAY] = gettext_noop("Renew the account's subscription."),
	[CFDW_HINT_READ_AGAIN] = gettext_noop("Run the transaction again: it will read the lists as they are now."),
	[CFDW_HINT_SLOW_DOWN] = gettext_noop("The account answers a limited number of requests a second; wait before you try again."),
	[CFDW_HINT_SMALLER_BATCHES] = gettext_noop("Lower the option \"batch_size\"."),
	[CFDW_HINT_TRY_LATER] = gettext_noop("Try again later."),
	[CFDW_HINT_UNVERIFIED] = gettext_noop("With the option \"verify_rows\" off, lists are changed without being read before; check the ids."),
	[CFDW_HINT_USE_BROWSER] = gettext_noop("Sign in once with a browser."),
};

/* The account's own codes; they say more than the status. */
static const CfdwMeaning codes[] = {
	{101, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_SIGN_IN, gettext_noop("There is no such account."), CFDW_HINT_CHECK_URL},
	{110, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_SIGN_IN, gettext_noop("The login or the key is wrong."), CFDW_HINT_CHECK_SIGN_IN},
	{111, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_SIGN_IN, gettext_noop("The account asks for a captcha."), CFDW_HINT_USE_BROWSER},
	{112, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_SIGN_IN, gettext_noop("The user is switched off."), CFDW_HINT_CHECK_SIGN_IN},
	{113, ERRCODE_INSUFFICIENT_PRIVILEGE, CFDW_ANSWER_CLOSED, gettext_noop("This machine's address is not on the account's allowlist."), CFDW_HINT_ADD_ADDRESS},
	{222, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("The account found the request empty."), CFDW_HINT_NONE},
	{244, ERRCODE_INSUFFICIENT_PRIVILEGE, CFDW_ANSWER_CLOSED, gettext_noop("The user has no right to do this."), CFDW_HINT_ASK_FOR_RIGHTS},
	{281, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("The account had an internal error."), CFDW_HINT_TRY_LATER},
	{CFDW_CODE_GONE, ERRCODE_T_R_SERIALIZATION_FAILURE, CFDW_ANSWER_REFUSED, gettext_noop("The list is not in the account."), CFDW_HINT_READ_AGAIN},
	{283, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("The account found no data in the request."), CFDW_HINT_NONE},
	{284, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("The account found no list in the request."), CFDW_HINT_NONE},
	{285, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("A required field is missing."), CFDW_HINT_NONE},
	{402, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, CFDW_ANSWER_CLOSED, gettext_noop("The account's subscription has ended."), CFDW_HINT_PAY},
	{429, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, CFDW_ANSWER_LATER, gettext_noop("There were too many requests."), CFDW_HINT_SLOW_DOWN},
};

/* Statuses; a number below ten is that of all others of the hundred. */
static const CfdwMeaning statuses[] = {
	{200, ERRCODE_FDW_ERROR, CFDW_ANSWER_DONE, gettext_noop("The account reported an error."), CFDW_HINT_NONE},
	{204, ERRCODE_FDW_ERROR, CFDW_ANSWER_EMPTY, gettext_noop("The account reported an error."), CFDW_HINT_NONE},
	{301, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_CLOSED, gettext_noop("The account has moved."), CFDW_HINT_NONE},
	{302, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_CLOSED, gettext_noop("The account has moved."), CFDW_HINT_NONE},
	{303, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNREAD, NULL, CFDW_HINT_NONE}, /* it tells elsewhere what came of it */
	{307, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_CLOSED, gettext_noop("The account has moved."), CFDW_HINT_NONE},
	{308, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_CLOSED, gettext_noop("The account has moved."), CFDW_HINT_NONE},
	{400, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("The account found the request invalid."), CFDW_HINT_NONE},
	{401, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_SIGN_IN, gettext_noop("The account refused the credentials."), CFDW_HINT_CHECK_SIGN_IN},
	{402, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, CFDW_ANSWER_CLOSED, gettext_noop("The account's subscription has ended."), CFDW_HINT_PAY},
	{403, ERRCODE_INSUFFICIENT_PRIVILEGE, CFDW_ANSWER_CLOSED, gettext_noop("The account denies access."), CFDW_HINT_MAYBE_BLOCKED},
	{404, ERRCODE_FDW_TABLE_NOT_FOUND, CFDW_ANSWER_CLOSED, gettext_noop("The account has no path \"%s\"."), CFDW_HINT_CHECK_PATH},
	{413, ERRCODE_PROGRAM_LIMIT_EXCEEDED, CFDW_ANSWER_REFUSED, gettext_noop("The request is too large for the account."), CFDW_HINT_SMALLER_BATCHES},
	{422, ERRCODE_PROGRAM_LIMIT_EXCEEDED, CFDW_ANSWER_REFUSED, gettext_noop("The account cannot process so much in one request."), CFDW_HINT_SMALLER_BATCHES},
	{429, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, CFDW_ANSWER_LATER, gettext_noop("There were too many requests."), CFDW_HINT_SLOW_DOWN},
	{500, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNKNOWN, gettext_noop("The account had an internal error."), CFDW_HINT_TRY_LATER},
	{502, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNKNOWN, gettext_noop("The account is not available."), CFDW_HINT_TRY_LATER},
	{503, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNKNOWN, gettext_noop("The account is not available."), CFDW_HINT_TRY_LATER},
	{504, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNKNOWN, gettext_noop("The account took too long to answer."), CFDW_HINT_SMALLER_BATCHES},
	{1, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNREAD, NULL, CFDW_HINT_NONE},
	{2, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNREAD, NULL, CFDW_HINT_NONE},
	{3, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, NULL, CFDW_HINT_NONE},
	{4, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, NULL, CFDW_HINT_NONE},
	{5, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNREAD, NULL, CFDW_HINT_NONE},
};

/* Statuses beyond all that HTTP knows. */
static const CfdwMeaning other_status =
	{0, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNREAD, NULL, CFDW_HINT_NONE};

/* A 422 that is not about how much was sent. */
static const CfdwMeaning not_processable =
	{422, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("The account cannot process the request."), CFDW_HINT_NONE};

/* A row that is refused for none of the reasons above. */
static const CfdwMeaning row_refused =
	{0, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("The account refused it."), CFDW_HINT_NONE};
static const CfdwMeaning row_changed =
	{0, ERRCODE_T_R_SERIALIZATION_FAILURE, CFDW_ANSWER_REFUSED, gettext_noop("The list was changed meanwhile."), CFDW_HINT_READ_AGAIN};

/* How a transfer ended. */
static const CfdwMeaning outcomes[] = {
	{CFDW_HTTP_NO_CONNECTION, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_NOT_SENT, gettext_noop("The account could not be reached."), CFDW_HINT_NONE},
	{CFDW_HTTP_NO_TLS, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_NOT_SENT, gettext_noop("The server did not speak TLS at that port."), CFDW_HINT_NO_TLS},
	{CFDW_HTTP_UNTRUSTED, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_NOT_SENT, gettext_noop("The server's certificate cannot be verified."), CFDW_HINT_NAME_AUTHORITY},
	{CFDW_HTTP_EXPIRED, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_NOT_SENT, gettext_noop("The server's certificate is not valid at this time."), CFDW_HINT_CHECK_CLOCK},
	{CFDW_HTTP_OTHER_HOST, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_NOT_SENT, gettext_noop("The server's certificate is for another host."), CFDW_HINT_CHECK_HOST},
	{CFDW_HTTP_NO_CA_FILE, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_NOT_SENT, gettext_noop("The certificates of authorities cannot be read."), CFDW_HINT_CHECK_CA_FILE},
	{CFDW_HTTP_PROXY_LOGIN, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_CLOSED, gettext_noop("The proxy refused the credentials."), CFDW_HINT_CHECK_PROXY},
	{CFDW_HTTP_LOST, ERRCODE_CONNECTION_FAILURE, CFDW_ANSWER_UNKNOWN, gettext_noop("The connection was lost."), CFDW_HINT_NONE},
	{CFDW_HTTP_TIMEOUT, ERRCODE_CONNECTION_FAILURE, CFDW_ANSWER_UNKNOWN, gettext_noop("There was no reply within %d ms."), CFDW_HINT_MORE_TIME},
	{CFDW_HTTP_CUT, ERRCODE_FDW_UNABLE_TO_CREATE_REPLY, CFDW_ANSWER_UNKNOWN, gettext_noop("The reply was cut short."), CFDW_HINT_NONE},
	{CFDW_HTTP_MALFORMED, ERRCODE_FDW_UNABLE_TO_CREATE_REPLY, CFDW_ANSWER_UNKNOWN, gettext_noop("The reply cannot be read."), CFDW_HINT_CHECK_URL},
	{CFDW_HTTP_TOO_LARGE, ERRCODE_PROGRAM_LIMIT_EXCEEDED, CFDW_ANSWER_UNREAD, gettext_noop("The reply is larger than \"max_response_size\"."), CFDW_HINT_LARGER_REPLIES},
	{CFDW_HTTP_NO_MEMORY, ERRCODE_OUT_OF_MEMORY, CFDW_ANSWER_UNREAD, gettext_noop("There is not enough memory."), CFDW_HINT_NONE},
	{CFDW_HTTP_NO_DESCRIPTOR, ERRCODE_INSUFFICIENT_RESOURCES, CFDW_ANSWER_NOT_SENT, gettext_noop("There are too many open files."), CFDW_HINT_FEWER_FILES},
	{CFDW_HTTP_HELD_OFF, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, CFDW_ANSWER_LATER, gettext_noop("The account has asked not to be asked for a while."), CFDW_HINT_SLOW_DOWN},
};

/* clang-format on */

/* What the account says, without a code, of a row that somebody else has
 * changed. */
#define CHANGED_MEANWHILE "modified date is older"

static const CfdwMeaning *find_meaning(const CfdwMeaning *meanings, size_t n,
									   int number);
static const CfdwMeaning *status_meaning(long status);

/*
 * What an answer means, by how the transfer ended, or else by its status and the
 * account's CODE, 0 when it gave none.  Never raises.
 */
CfdwAnswer
cfdw_answer_of(const CfdwResponse *response, int code)
{
	const CfdwMeaning *meaning;
	CfdwAnswer answer;

	if (response->outcome != CFDW_HTTP_OK)
	{
		meaning = cfdw_answer_outcome(response);
		return meaning->answer == CFDW_ANSWER_UNKNOWN && !response->sent
				   ? CFDW_ANSWER_NOT_SENT
				   : meaning->answer;
	}
	answer = cfdw_answer_of_status(response);
	if (cfdw_answer_is_failure(response))
		return answer;
	meaning = find_meaning(codes, lengthof(codes), code);
	if (meaning != NULL)
		return meaning->answer;
	return code != 0 &&
				   (answer == CFDW_ANSWER_DONE || answer == CFDW_ANSWER_EMPTY)
			   ? CFDW_ANSWER_REFUSED
			   : answer;
}

/*
 * The same by its status alone: it may be known before the transfer has ended.
 * CFDW_ANSWER_UNREAD before it is.  Never raises.
 */
CfdwAnswer
cfdw_answer_of_status(const CfdwResponse *response)
{
	return status_meaning(response->status)->answer;
}

/*
 * PROBLEM is with a request to change a single list.  That is what is not there when
 * the account says so, but for the code, and not of the path or of who asks.  Never
 * raises.
 */
void
cfdw_answer_read_absence(const CfdwResponse *response, CfdwProblem *problem)
{
	CfdwAnswer answer = cfdw_answer_of_status(response);

	if (!problem->is_absence ||
		(answer != CFDW_ANSWER_DONE && answer != CFDW_ANSWER_REFUSED) ||
		find_meaning(codes, lengthof(codes), problem->code) != NULL)
		return;
	problem->code = CFDW_CODE_GONE;
	problem->in_words = true;
}

/*
 * Why something could not be done in the end: a sentence, by the account's CODE if it
 * gave one, else 0.  Never raises; the text is palloc'ed where it can be.
 */
const char *
cfdw_answer_why(const CfdwResponse *response, CfdwAnswer answer, int code)
{
	const CfdwMeaning *meaning = find_meaning(codes, lengthof(codes), code);
	const char *format = response->signing_in
							 ? _("Signing in was answered with status %ld.")
							 : _("The account answered with status %ld.");
	Size size = strlen(format) + 24;
	char *why;

	if (response->outcome == CFDW_HTTP_TIMEOUT && !response->sent &&
		!response->signing_in)
		return _("There was no time left.");
	if (response->outcome == CFDW_HTTP_HELD_OFF ||
		response->outcome == CFDW_HTTP_NO_DESCRIPTOR)
		return _(cfdw_answer_outcome(response)->reason);
	if (response->outcome != CFDW_HTTP_OK)
		return answer == CFDW_ANSWER_NOT_SENT
				   ? _("The account could not be reached.")
				   : _("The account did not answer.");
	if (meaning != NULL)
		return _(meaning->reason);
	if (cfdw_answer_of_status(response) == CFDW_ANSWER_DONE)
		return _("The account refused it.");
	why = palloc_extended(size, MCXT_ALLOC_NO_OOM);
	if (why == NULL)
		return _("The account refused it.");
	snprintf(why, size, format, response->status);
	return why;
}

/*
 * How a transfer ended that has brought no whole reply.
 */
const CfdwMeaning *
cfdw_answer_outcome(const CfdwResponse *response)
{
	return find_meaning(outcomes, lengthof(outcomes), response->outcome);
}

/*
 * What a reply that is no success means for a request that was to write so many rows,
 * 0 for any other.  Never raises, and neither do the functions below.
 */
const CfdwMeaning *
cfdw_answer_refusal(const CfdwResponse *response, const CfdwProblem *problem,
					int nrows)
{
	const CfdwMeaning *meaning =
		find_meaning(codes, lengthof(codes), problem->code);

	if (meaning == NULL)
		meaning = status_meaning(response->status);
	if (meaning->number == not_processable.number &&
		(problem->invalid || (nrows <= 1 && !problem->about_size)))
		return &not_processable;
	return meaning;
}

/*
 * What it means that a single row was refused; GONE: because the account does not have
 * it.
 */
const CfdwMeaning *
cfdw_answer_row(const CfdwProblem *problem, bool gone)
{
	const CfdwMeaning *meaning = find_meaning(
		codes, lengthof(codes), gone ? CFDW_CODE_GONE : problem->code);

	if (meaning != NULL)
		return meaning;
	return problem->words != NULL &&
				   strstr(problem->words, CHANGED_MEANWHILE) != NULL
			   ? &row_changed
			   : &row_refused;
}

/*
 * Whether a server has failed: it may have done before what it was asked for.
 */
bool
cfdw_answer_is_failure(const CfdwResponse *response)
{
	return response->status >= 500;
}

/*
 * A hint in words, translated; NULL: there is none.
 */
const char *
cfdw_answer_hint(CfdwHint hint)
{
	return hint != CFDW_HINT_NONE ? _(hints[hint]) : NULL;
}

static const CfdwMeaning *
find_meaning(const CfdwMeaning *meanings, size_t n, int number)
{
	for (size_t i = 0; i < n; i++)
		if (meanings[i].number == number)
			return &meanings[i];
	return NULL;
}

static const CfdwMeaning *
status_meaning(long status)
{
	const CfdwMeaning *meaning =
		find_meaning(statuses, lengthof(statuses), (int) status);

	if (meaning == NULL)
		meaning =
			find_meaning(statuses, lengthof(statuses), (int) (status / 100));
	return meaning != NULL ? meaning : &other_status;
}
