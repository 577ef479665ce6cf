/*-------------------------------------------------------------------------
 *
 * report.c
 *	  A remote failure -> a PostgreSQL error.
 *
 * Owns the tables that map how a transfer ended, HTTP statuses and the
 * account's own codes to SQLSTATEs, reasons and hints, and keeps secrets out
 * of the account's words.  Every error about the remote side is raised here.
 *
 * Facts: the API page, "Errors"; the contract is the table of failures in
 * README.md.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "api/words.h"
#include "net/report.h"
#include "compat.h"

/* What an outcome, a status or a code means. */
typedef struct Meaning
{
	int number;
	int sqlstate;
	CfdwAnswer answer;
	const char *reason; /* sentence, or NULL: the answer says it all */
	const char *hint;   /* sentence, or NULL */
} Meaning;

/* Hints that serve more than one of them, or are long. */
static const char add_address[] = gettext_noop(
	"Ask the account's administrator to add the address to the allowlist.");
static const char ask_for_rights[] =
	gettext_noop("Ask the account's administrator for access to lists.");
static const char check_ca_file[] = gettext_noop(
	"Check the option \"ca_file\" of the server: it names a file of certificates in PEM format that the PostgreSQL server can read.");
static const char check_clock[] = gettext_noop(
	"Check the clock of this machine, or have the certificate renewed.");
static const char check_host[] =
	gettext_noop("Check the host name in the option \"url\" of the server.");
static const char check_page[] = gettext_noop(
	"Check the option \"url\" of the server, and whether the account is blocked.");
static const char check_path[] = gettext_noop(
	"Check the option \"path\" of the table and the \"url\" of the server.");
static const char check_proxy[] = gettext_noop(
	"Set \"proxy_user\" and \"proxy_password\" in the user mapping.");
static const char check_sign_in[] =
	gettext_noop("Check the credentials in the user mapping.");
static const char check_url[] =
	gettext_noop("Check the option \"url\" of the server.");
static const char fewer_files[] = gettext_noop(
	"Close cursors and other connections, or raise \"max_files_per_process\".");
static const char larger_replies[] =
	gettext_noop("Raise the option \"max_response_size\" of the server.");
static const char maybe_blocked[] = gettext_noop(
	"The account may be blocked, or not have this machine's address on its allowlist; ask its administrator.");
static const char more_time[] = gettext_noop(
	"Raise the option \"request_timeout\" of the server if the account is known to be slow.");
static const char more_time_to_commit[] =
	gettext_noop("Raise the option \"commit_timeout\" of the server.");
static const char name_authority[] = gettext_noop(
	"Install the system's certificates of authorities (package ca-certificates), or name the server's own authority in the option \"ca_file\".");
static const char no_tls[] = gettext_noop(
	"Check the option \"url\" of the server: that port may be one for plain http.");
static const char only_tls[] = gettext_noop(
	"Check the option \"url\" of the server: that port may be one for https.");
static const char pay[] = gettext_noop("Renew the account's subscription.");
static const char read_again[] = gettext_noop(
	"Run the transaction again: it will read the lists as they are now.");
static const char slow_down[] = gettext_noop(
	"The account answers a limited number of requests a second; wait before you try again.");
static const char smaller_batches[] =
	gettext_noop("Lower the option \"batch_size\".");
static const char try_later[] = gettext_noop("Try again later.");
static const char unverified[] = gettext_noop(
	"With the option \"verify_rows\" off, lists are changed without being read before; check the ids.");
static const char use_browser[] = gettext_noop("Sign in once with a browser.");

/* clang-format off */

/* The account's own codes; they say more than the status. */
static const Meaning codes[] = {
	{101, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_CLOSED, gettext_noop("There is no such account."), check_url},
	{110, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_CLOSED, gettext_noop("The login or the key is wrong."), check_sign_in},
	{111, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_CLOSED, gettext_noop("The account asks for a captcha."), use_browser},
	{112, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_CLOSED, gettext_noop("The user is switched off."), check_sign_in},
	{113, ERRCODE_INSUFFICIENT_PRIVILEGE, CFDW_ANSWER_CLOSED, gettext_noop("This machine's address is not on the account's allowlist."), add_address},
	{222, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("The account found the request empty."), NULL},
	{244, ERRCODE_INSUFFICIENT_PRIVILEGE, CFDW_ANSWER_CLOSED, gettext_noop("The user has no right to do this."), ask_for_rights},
	{281, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("The account had an internal error."), try_later},
	{CFDW_CODE_GONE, ERRCODE_T_R_SERIALIZATION_FAILURE, CFDW_ANSWER_REFUSED, gettext_noop("The list is not in the account."), read_again},
	{283, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("The account found no data in the request."), NULL},
	{284, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("The account found no list in the request."), NULL},
	{285, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("A required field is missing."), NULL},
	{402, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, CFDW_ANSWER_CLOSED, gettext_noop("The account's subscription has ended."), pay},
	{429, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, CFDW_ANSWER_LATER, gettext_noop("There were too many requests."), slow_down},
};

/* Statuses; a number below ten is that of all others of the hundred. */
static const Meaning statuses[] = {
	{200, ERRCODE_FDW_ERROR, CFDW_ANSWER_DONE, gettext_noop("The account reported an error."), NULL},
	{204, ERRCODE_FDW_ERROR, CFDW_ANSWER_EMPTY, gettext_noop("The account reported an error."), NULL},
	{301, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_CLOSED, gettext_noop("The account has moved."), NULL},
	{302, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_CLOSED, gettext_noop("The account has moved."), NULL},
	{307, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_CLOSED, gettext_noop("The account has moved."), NULL},
	{308, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_CLOSED, gettext_noop("The account has moved."), NULL},
	{400, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("The account found the request invalid."), NULL},
	{401, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_SIGN_IN, gettext_noop("The account refused the credentials."), check_sign_in},
	{402, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, CFDW_ANSWER_CLOSED, gettext_noop("The account's subscription has ended."), pay},
	{403, ERRCODE_INSUFFICIENT_PRIVILEGE, CFDW_ANSWER_CLOSED, gettext_noop("The account denies access."), maybe_blocked},
	{404, ERRCODE_FDW_TABLE_NOT_FOUND, CFDW_ANSWER_CLOSED, gettext_noop("The account has no path \"%s\"."), check_path},
	{413, ERRCODE_PROGRAM_LIMIT_EXCEEDED, CFDW_ANSWER_REFUSED, gettext_noop("The request is too large for the account."), smaller_batches},
	{422, ERRCODE_PROGRAM_LIMIT_EXCEEDED, CFDW_ANSWER_REFUSED, gettext_noop("The account cannot process so much in one request."), smaller_batches},
	{429, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, CFDW_ANSWER_LATER, gettext_noop("There were too many requests."), slow_down},
	{500, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNKNOWN, gettext_noop("The account had an internal error."), try_later},
	{502, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNKNOWN, gettext_noop("The account is not available."), try_later},
	{503, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNKNOWN, gettext_noop("The account is not available."), try_later},
	{504, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNKNOWN, gettext_noop("The account took too long to answer."), smaller_batches},
	{1, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNREAD, NULL, NULL},
	{2, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNREAD, NULL, NULL},
	{3, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, NULL, NULL},
	{4, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, NULL, NULL},
	{5, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNREAD, NULL, NULL},
};

/* Statuses beyond all that HTTP knows. */
static const Meaning other_status =
	{0, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNREAD, NULL, NULL};

/* A 422 that is not about how much was sent. */
static const Meaning not_processable =
	{422, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("The account cannot process the request."), NULL};

/* A row that is refused for none of the reasons above. */
static const Meaning row_refused =
	{0, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, gettext_noop("The account refused it."), NULL};
static const Meaning row_changed =
	{0, ERRCODE_T_R_SERIALIZATION_FAILURE, CFDW_ANSWER_REFUSED, gettext_noop("The list was changed meanwhile."), read_again};

/* How a transfer ended. */
static const Meaning outcomes[] = {
	{CFDW_HTTP_NO_CONNECTION, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_NOT_SENT, gettext_noop("The account could not be reached."), NULL},
	{CFDW_HTTP_NO_TLS, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_NOT_SENT, gettext_noop("The server did not speak TLS at that port."), no_tls},
	{CFDW_HTTP_UNTRUSTED, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_NOT_SENT, gettext_noop("The server's certificate cannot be verified."), name_authority},
	{CFDW_HTTP_EXPIRED, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_NOT_SENT, gettext_noop("The server's certificate is not valid at this time."), check_clock},
	{CFDW_HTTP_OTHER_HOST, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_NOT_SENT, gettext_noop("The server's certificate is for another host."), check_host},
	{CFDW_HTTP_NO_CA_FILE, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_NOT_SENT, gettext_noop("The certificates of authorities cannot be read."), check_ca_file},
	{CFDW_HTTP_PROXY_LOGIN, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_CLOSED, gettext_noop("The proxy refused the credentials."), check_proxy},
	{CFDW_HTTP_LOST, ERRCODE_CONNECTION_FAILURE, CFDW_ANSWER_UNKNOWN, gettext_noop("The connection was lost."), NULL},
	{CFDW_HTTP_TIMEOUT, ERRCODE_CONNECTION_FAILURE, CFDW_ANSWER_UNKNOWN, gettext_noop("There was no reply within %d ms."), more_time},
	{CFDW_HTTP_CUT, ERRCODE_FDW_UNABLE_TO_CREATE_REPLY, CFDW_ANSWER_UNKNOWN, gettext_noop("The reply was cut short."), NULL},
	{CFDW_HTTP_MALFORMED, ERRCODE_FDW_UNABLE_TO_CREATE_REPLY, CFDW_ANSWER_UNKNOWN, gettext_noop("The reply cannot be read."), check_url},
	{CFDW_HTTP_TOO_LARGE, ERRCODE_PROGRAM_LIMIT_EXCEEDED, CFDW_ANSWER_UNREAD, gettext_noop("The reply is larger than \"max_response_size\"."), larger_replies},
	{CFDW_HTTP_NO_MEMORY, ERRCODE_OUT_OF_MEMORY, CFDW_ANSWER_UNREAD, gettext_noop("There is not enough memory."), NULL},
	{CFDW_HTTP_NO_DESCRIPTOR, ERRCODE_INSUFFICIENT_RESOURCES, CFDW_ANSWER_NOT_SENT, gettext_noop("There are too many open files."), fewer_files},
};

/* clang-format on */

/* What the account says, without a code, of a row that somebody else has
 * changed. */
#define CHANGED_MEANWHILE "modified date is older"

/* What nginx says at a port for https. */
#define PLAIN_HTTP "plain HTTP request"

/* So many characters of a secret are enough to know it again. */
#define SECRET_START 8

pg_noreturn static void report_transport(const CfdwAction *action,
										 const CfdwResponse *response);
pg_noreturn static void report_unknown_outcome(const CfdwAction *action,
											   const StringInfoData *why);
static bool is_silent_http(const CfdwAction *action,
						   const CfdwResponse *response);
static bool has_words(const CfdwResponse *response);
static int errmsg_failed(const CfdwAction *action);
static int errmsg_unknown(const CfdwAction *action);
static const Meaning *find_meaning(const Meaning *meanings, size_t n,
								   int number);
static const Meaning *status_meaning(long status);
static const Meaning *answer_meaning(const CfdwAction *action,
									 const CfdwResponse *response,
									 const CfdwProblem *problem);
static const Meaning *row_meaning(const CfdwProblem *problem, bool gone);
static bool is_failed_server(long status);
static bool is_write(const CfdwAction *action);
static const char *hint_of(const CfdwAction *action,
						   const CfdwResponse *response,
						   const CfdwProblem *problem, const Meaning *meaning);
static void begin_detail(StringInfo detail, const char *sentence);
static void append_sentence(StringInfo detail, const char *sentence);
static void append_answer(StringInfo detail, const CfdwAction *action,
						  const CfdwResponse *response,
						  const CfdwProblem *problem);
static const char *append_page(StringInfo detail, const CfdwAction *action,
							   const CfdwResponse *response, const char *body,
							   size_t len);
static void append_doubt(StringInfo detail, const CfdwAction *action);
static char *redact(const char *words, const CfdwCredentials *credentials);
static char *replace_secret(char *words, const char *secret);

/*
 * Raises the error for a reply that is no success: how the transfer ended, or
 * else what its status and its body say.
 */
void
cfdw_report_response(const CfdwAction *action, const CfdwResponse *response,
					 const char *body, size_t len)
{
	CfdwProblem problem;
	const Meaning *meaning;
	const char *hint;
	CfdwAnswer answer;
	StringInfoData detail;

	if (response->outcome != CFDW_HTTP_OK)
		report_transport(action, response);

	cfdw_reply_problem(body, len, response->content_type, &problem);
	meaning = answer_meaning(action, response, &problem);
	hint = hint_of(action, response, &problem, meaning);
	begin_detail(&detail, meaning->reason != NULL
							  ? psprintf(_(meaning->reason), action->path)
							  : NULL);
	append_answer(&detail, action, response, &problem);

	/* A server that failed in the middle of a write may have done it. */
	if (is_failed_server(response->status) ? action->adds : action->unsure)
		report_unknown_outcome(action, &detail);
	answer = cfdw_report_answer(response, problem.code);
	if (answer == CFDW_ANSWER_UNKNOWN || answer == CFDW_ANSWER_UNREAD)
		append_doubt(&detail, action);
	ereport(ERROR, (errcode(meaning->sqlstate), errmsg_failed(action),
					errdetail_internal("%s", detail.data),
					hint != NULL ? errhint("%s", _(hint)) : 0));
}

/*
 * Raises HV00M for a whole reply that is not of the expected shape.  FAULT is a
 * sentence; BODY is as much of the reply as is known.
 */
void
cfdw_report_malformed(const CfdwAction *action, const char *fault,
					  const CfdwResponse *response, const char *body,
					  size_t len)
{
	StringInfoData detail;
	const char *hint;

	begin_detail(&detail, fault);
	hint = append_page(&detail, action, response, body, len);
	append_doubt(&detail, action);
	ereport(ERROR,
			(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY), errmsg_failed(action),
			 errdetail_internal("%s", detail.data),
			 hint != NULL ? errhint("%s", _(hint)) : 0));
}

/*
 * Raises 28000 for a login whose answer is a success that does not say so.
 */
void
cfdw_report_unconfirmed(const CfdwAction *action, const CfdwResponse *response,
						const char *body, size_t len)
{
	StringInfoData detail;
	const char *hint;

	begin_detail(&detail, _("The account does not confirm it."));
	hint = append_page(&detail, action, response, body, len);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
			 errmsg_failed(action), errdetail_internal("%s", detail.data),
			 errhint("%s", hint != NULL ? _(hint) : _(check_sign_in))));
}

/*
 * Raises the error for the row that ACTION is about, which the account refused.
 * GONE: because it does not have the list.
 */
void
cfdw_report_refused(const CfdwAction *action, const CfdwProblem *problem,
					bool gone, const CfdwResponse *response)
{
	const Meaning *meaning = row_meaning(problem, gone);
	const char *hint = meaning->hint;
	StringInfoData detail;

	begin_detail(&detail, _(meaning->reason));
	append_answer(&detail, action, response, problem);
	if (action->unsure)
		report_unknown_outcome(action, &detail);
	if (hint == read_again && action->unverified)
		hint = unverified;
	ereport(ERROR, (errcode(meaning->sqlstate), errmsg_failed(action),
					errdetail_internal("%s", detail.data),
					hint != NULL ? errhint("%s", _(hint)) : 0));
}

/*
 * Raises 40001 for the row that ACTION is about, which is no longer in the account.
 */
void
cfdw_report_gone(const CfdwAction *action)
{
	const Meaning *meaning =
		find_meaning(codes, lengthof(codes), CFDW_CODE_GONE);
	StringInfoData detail;

	begin_detail(&detail, _(meaning->reason));
	append_sentence(&detail, _("The account's reply leaves it out."));
	if (action->unsure)
		report_unknown_outcome(action, &detail);
	ereport(ERROR, (errcode(meaning->sqlstate), errmsg_failed(action),
					errdetail_internal("%s", detail.data),
					errhint("%s", action->unverified ? _(unverified)
													 : _(meaning->hint))));
}

/*
 * What an answer means, by how the transfer ended, or else by its status and the
 * account's CODE, 0 when it gave none.  Never raises.
 */
CfdwAnswer
cfdw_report_answer(const CfdwResponse *response, int code)
{
	const Meaning *meaning;
	CfdwAnswer answer;

	if (response->outcome != CFDW_HTTP_OK)
	{
		meaning = find_meaning(outcomes, lengthof(outcomes), response->outcome);
		return meaning->answer == CFDW_ANSWER_UNKNOWN && !response->sent
				   ? CFDW_ANSWER_NOT_SENT
				   : meaning->answer;
	}
	answer = cfdw_report_status(response);
	if (is_failed_server(response->status))
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
cfdw_report_status(const CfdwResponse *response)
{
	return status_meaning(response->status)->answer;
}

/*
 * Why something could not be done in the end: a sentence.  Never raises; the text
 * is palloc'ed where it can be.
 */
const char *
cfdw_report_why(const CfdwResponse *response, CfdwAnswer answer)
{
	const char *format = response->signing_in
							 ? _("Signing in was answered with status %ld.")
							 : _("The account answered with status %ld.");
	Size size = strlen(format) + 24;
	char *why;

	if (response->outcome == CFDW_HTTP_TIMEOUT && !response->sent &&
		!response->signing_in)
		return _("There was no time left.");
	if (response->outcome != CFDW_HTTP_OK)
		return answer == CFDW_ANSWER_NOT_SENT
				   ? _("The account could not be reached.")
				   : _("The account did not answer.");
	why = palloc_extended(size, MCXT_ALLOC_NO_OOM);
	if (why == NULL)
		return _("The account refused it.");
	snprintf(why, size, format, response->status);
	return why;
}

/*
 * Raises the error for a transfer without a whole reply.
 */
static void
report_transport(const CfdwAction *action, const CfdwResponse *response)
{
	const Meaning *meaning =
		find_meaning(outcomes, lengthof(outcomes), response->outcome);
	const char *hint = meaning->hint;
	bool sent = response->sent && meaning->answer != CFDW_ANSWER_CLOSED;
	StringInfoData detail;

	if (response->too_late)
	{
		begin_detail(
			&detail,
			_("The time that the option \"commit_timeout\" gives ran out."));
		hint = more_time_to_commit;
	}
	else
		begin_detail(&detail, psprintf(_(meaning->reason), action->timeout_ms));
	if (is_silent_http(action, response))
		hint = only_tls;
	if (has_words(response))
		append_sentence(
			&detail,
			redact(cfdw_words_clean(response->error, strlen(response->error)),
				   action->credentials));
	if (is_write(action) && (sent || action->unsure) &&
		response->outcome != CFDW_HTTP_TOO_LARGE)
		report_unknown_outcome(action, &detail);
	if (sent)
		append_doubt(&detail, action);
	ereport(ERROR, (errcode(meaning->sqlstate), errmsg_failed(action),
					errdetail_internal("%s", detail.data),
					hint != NULL ? errhint("%s", _(hint)) : 0));
}

/*
 * Whether plain http came to nothing before there was a status, as it does at a port
 * for https.
 */
static bool
is_silent_http(const CfdwAction *action, const CfdwResponse *response)
{
	return action->plain_http && response->status == 0 &&
		   (response->outcome == CFDW_HTTP_LOST ||
			response->outcome == CFDW_HTTP_MALFORMED);
}

/*
 * Whether what libcurl says of a failure tells more than the table.
 */
static bool
has_words(const CfdwResponse *response)
{
	switch (response->outcome)
	{
		case CFDW_HTTP_TIMEOUT:
		case CFDW_HTTP_TOO_LARGE:
		case CFDW_HTTP_NO_MEMORY:
			return false;
		default:
			return response->error[0] != '\0' && !response->too_late;
	}
}

/*
 * Raises 08007.  WHY are sentences.
 */
static void
report_unknown_outcome(const CfdwAction *action, const StringInfoData *why)
{
	StringInfoData detail;

	begin_detail(&detail, why->data);
	append_doubt(&detail, action);
	if (action->lookalikes != NULL)
		append_sentence(&detail, action->lookalikes);
	ereport(ERROR,
			(errcode(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN),
			 errmsg_unknown(action), errdetail_internal("%s", detail.data),
			 errhint("Check the account before you repeat the transaction.")));
}

/*
 * The message of an action that has failed.
 */
static int
errmsg_failed(const CfdwAction *action)
{
	const char *server = action->server;
	const char *row = action->row;
	int n = action->nrows;

	switch (action->kind)
	{
		case CFDW_ADDING:
			return row != NULL
					   ? errmsg("could not add list \"%s\" on server \"%s\"",
								row, server)
					   : errmsg_plural(
							 "could not add %d list on server \"%s\"",
							 "could not add %d lists on server \"%s\"", n, n,
							 server);
		case CFDW_UPDATING:
			return row != NULL
					   ? errmsg("could not update list %s on server \"%s\"",
								row, server)
					   : errmsg_plural(
							 "could not update %d list on server \"%s\"",
							 "could not update %d lists on server \"%s\"", n, n,
							 server);
		case CFDW_DELETING:
			return row != NULL
					   ? errmsg("could not delete list %s on server \"%s\"",
								row, server)
					   : errmsg_plural(
							 "could not delete %d list on server \"%s\"",
							 "could not delete %d lists on server \"%s\"", n, n,
							 server);
		case CFDW_CHANGING:
			return errmsg_plural("could not change %d list on server \"%s\"",
								 "could not change %d lists on server \"%s\"",
								 n, n, server);
		case CFDW_READING:
			return errmsg("could not read lists from server \"%s\"", server);
		case CFDW_SIGNING_IN:
			break;
	}
	return errmsg("could not sign in to server \"%s\"", server);
}

/*
 * The message of a write of which nobody knows what became.
 */
static int
errmsg_unknown(const CfdwAction *action)
{
	const char *server = action->server;
	const char *row = action->row;
	int n = action->nrows;

	switch (action->kind)
	{
		case CFDW_ADDING:
			return row != NULL
					   ? errmsg(
							 "outcome of the request to add list \"%s\" on server \"%s\" is unknown",
							 row, server)
					   : errmsg_plural(
							 "outcome of the request to add %d list on server \"%s\" is unknown",
							 "outcome of the request to add %d lists on server \"%s\" is unknown",
							 n, n, server);
		case CFDW_UPDATING:
			return row != NULL
					   ? errmsg(
							 "outcome of the request to update list %s on server \"%s\" is unknown",
							 row, server)
					   : errmsg_plural(
							 "outcome of the request to update %d list on server \"%s\" is unknown",
							 "outcome of the request to update %d lists on server \"%s\" is unknown",
							 n, n, server);
		case CFDW_DELETING:
			return row != NULL
					   ? errmsg(
							 "outcome of the request to delete list %s on server \"%s\" is unknown",
							 row, server)
					   : errmsg_plural(
							 "outcome of the request to delete %d list on server \"%s\" is unknown",
							 "outcome of the request to delete %d lists on server \"%s\" is unknown",
							 n, n, server);
		default:
			break;
	}
	return errmsg_plural(
		"outcome of the request to change %d list on server \"%s\" is unknown",
		"outcome of the request to change %d lists on server \"%s\" is unknown",
		n, n, server);
}

static const Meaning *
find_meaning(const Meaning *meanings, size_t n, int number)
{
	for (size_t i = 0; i < n; i++)
		if (meanings[i].number == number)
			return &meanings[i];
	return NULL;
}

static const Meaning *
status_meaning(long status)
{
	const Meaning *meaning =
		find_meaning(statuses, lengthof(statuses), (int) status);

	if (meaning == NULL)
		meaning =
			find_meaning(statuses, lengthof(statuses), (int) (status / 100));
	return meaning != NULL ? meaning : &other_status;
}

/*
 * What a reply that is no success means.
 */
static const Meaning *
answer_meaning(const CfdwAction *action, const CfdwResponse *response,
			   const CfdwProblem *problem)
{
	const Meaning *meaning =
		find_meaning(codes, lengthof(codes), problem->code);

	if (meaning == NULL)
		meaning = status_meaning(response->status);
	if (meaning->number == not_processable.number &&
		(problem->invalid || (action->nrows <= 1 && !problem->about_size)))
		return &not_processable;
	return meaning;
}

/*
 * What it means that a single row was refused.
 */
static const Meaning *
row_meaning(const CfdwProblem *problem, bool gone)
{
	const Meaning *meaning = find_meaning(
		codes, lengthof(codes), gone ? CFDW_CODE_GONE : problem->code);

	if (meaning != NULL)
		return meaning;
	return problem->words != NULL &&
				   strstr(problem->words, CHANGED_MEANWHILE) != NULL
			   ? &row_changed
			   : &row_refused;
}

/*
 * Whether a status is that of a server which has failed: it may have done before
 * what it was asked for.
 */
static bool
is_failed_server(long status)
{
	return status >= 500;
}

static bool
is_write(const CfdwAction *action)
{
	return action->nrows > 0;
}

static const char *
hint_of(const CfdwAction *action, const CfdwResponse *response,
		const CfdwProblem *problem, const Meaning *meaning)
{
	int wait_s = problem->retry_after_s > 0 ? problem->retry_after_s
											: response->retry_after_s;

	if (response->status / 100 == 3 && response->location[0] != '\0')
	{
		char *location =
			cfdw_words_clean(response->location, strlen(response->location));

		return psprintf(
			_("The new address is \"%s\"; if you trust it, change the option \"url\" of the server."),
			redact(location, action->credentials));
	}
	if (wait_s > 0)
		return psprintf(ngettext("The account asks to wait %d second.",
								 "The account asks to wait %d seconds.",
								 wait_s),
						wait_s);
	if (action->plain_http && problem->words != NULL &&
		strstr(problem->words, PLAIN_HTTP) != NULL)
		return only_tls;
	/* One row, or none, is as small as it gets. */
	if (meaning->hint == smaller_batches && action->nrows <= 1)
		return meaning->answer == CFDW_ANSWER_UNKNOWN ? try_later : NULL;
	if (meaning->hint == read_again && action->unverified)
		return unverified;
	return meaning->hint;
}

/*
 * A detail whose first sentence is this one, or NULL.
 */
static void
begin_detail(StringInfo detail, const char *sentence)
{
	initStringInfo(detail);
	if (sentence != NULL)
		append_sentence(detail, sentence);
}

/*
 * A detail is sentences; those of others may lack the capital letter, or the period.
 */
static void
append_sentence(StringInfo detail, const char *sentence)
{
	size_t len = strlen(sentence);

	if (len == 0)
		return;
	if (detail->len > 0)
		appendStringInfoChar(detail, ' ');
	appendStringInfoChar(detail, pg_ascii_toupper((unsigned char) *sentence));
	appendStringInfoString(detail, sentence + 1);
	if (strchr(".!?", sentence[len - 1]) == NULL)
		appendStringInfoChar(detail, '.');
}

/*
 * What the account said, in its own words.
 */
static void
append_answer(StringInfo detail, const CfdwAction *action,
			  const CfdwResponse *response, const CfdwProblem *problem)
{
	long status = response->status;
	int code = problem->in_words ? 0 : problem->code;
	const char *words = problem->words != NULL
							? redact(problem->words, action->credentials)
							: NULL;

	if (words != NULL && code != 0)
		append_sentence(
			detail,
			psprintf(_("The account answered with status %ld, code %d: %s"),
					 status, code, words));
	else if (words != NULL)
		append_sentence(detail,
						psprintf(_("The account answered with status %ld: %s"),
								 status, words));
	else if (code != 0)
		append_sentence(
			detail,
			psprintf(_("The account answered with status %ld, code %d."),
					 status, code));
	else
		append_sentence(
			detail,
			psprintf(_("The account answered with status %ld."), status));
	if (response->request_id[0] != '\0')
		append_sentence(
			detail,
			psprintf(_("The answer has the X-Request-Id %s"),
					 redact(cfdw_words_clean(response->request_id,
											 strlen(response->request_id)),
							action->credentials)));
}

/*
 * The same of an answer that should be JSON; where it is a page, which tells
 * something to people, returns a hint.
 */
static const char *
append_page(StringInfo detail, const CfdwAction *action,
			const CfdwResponse *response, const char *body, size_t len)
{
	CfdwProblem problem = {0};
	bool is_page = cfdw_words_is_page(body, len);

	if (is_page)
		problem.words = cfdw_words_page(body, len, response->content_type);
	append_answer(detail, action, response, &problem);
	return is_page ? check_page : NULL;
}

/*
 * Of a write: what nobody knows the outcome of.
 */
static void
append_doubt(StringInfo detail, const CfdwAction *action)
{
	if (is_write(action) && action->rows != NULL)
		append_sentence(
			detail,
			psprintf(_("The account may have carried it out, or not: %s."),
					 action->rows));
}

/*
 * WORDS without the secrets of a user mapping, should the account repeat them.
 */
static char *
redact(const char *words, const CfdwCredentials *credentials)
{
	char *result = pstrdup(words);
	ListCell *lc;

	if (credentials == NULL)
		return result;
	foreach(lc, credentials->secrets)
		result = replace_secret(result, lfirst(lc));
	return result;
}

/*
 * Puts asterisks in the place of SECRET, or of its beginning where the rest was
 * cut off; works on WORDS itself.
 */
static char *
replace_secret(char *words, const char *secret)
{
	char start[SECRET_START + 1];
	char *found = words;

	if (secret == NULL || *secret == '\0')
		return words;
	strlcpy(start, secret, sizeof(start));
	while ((found = strstr(found, start)) != NULL)
		for (const char *p = secret; *p != '\0' && *found == *p; p++)
			*found++ = '*';
	return words;
}
