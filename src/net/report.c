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

/* What a status or a code means. */
typedef struct Meaning
{
	int number;
	int sqlstate;
	CfdwAnswer answer;
	const char *reason; /* fragment, after the action */
	const char *hint;   /* sentence, or NULL */
} Meaning;

/* Hints that serve more than one of them, or are long. */
static const char ask_for_rights[] =
	"Ask the account's administrator for access to lists.";
static const char check_path[] =
	"Check the option \"path\" of the table and the \"url\" of the server.";
static const char check_proxy[] =
	"Set \"proxy_user\" and \"proxy_password\" in the user mapping.";
static const char check_sign_in[] =
	"Check the credentials in the user mapping.";
static const char check_url[] = "Check the option \"url\" of the server.";
static const char fewer_files[] =
	"Close cursors and other connections, or raise \"max_files_per_process\".";
static const char larger_replies[] =
	"Raise the option \"max_response_size\" of the server.";
static const char more_patience[] =
	"Raise the option \"request_timeout\" of the server if the account is known to be slow.";
static const char pay[] = "Renew the account's subscription.";
static const char read_again[] =
	"Run the transaction again: it will read the lists as they are now.";
static const char slow_down[] =
	"The account answers a limited number of requests a second; wait before you try again.";
static const char smaller_batches[] = "Lower the option \"batch_size\".";
static const char try_later[] = "Try again later.";
static const char use_browser[] = "Sign in once with a browser.";

/* clang-format off */

/* The account's own codes; they say more than the status. */
static const Meaning codes[] = {
	{101, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_CLOSED, "there is no such account", check_url},
	{110, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_CLOSED, "wrong login or key", check_sign_in},
	{111, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_CLOSED, "the account asks for a captcha", use_browser},
	{112, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_CLOSED, "the user is switched off", check_sign_in},
	{113, ERRCODE_INSUFFICIENT_PRIVILEGE, CFDW_ANSWER_CLOSED, "this machine's address is not on the account's white list", ask_for_rights},
	{222, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, "the account found the request empty", NULL},
	{244, ERRCODE_INSUFFICIENT_PRIVILEGE, CFDW_ANSWER_CLOSED, "no right to do this", ask_for_rights},
	{281, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, "the account had an internal error", try_later},
	{CFDW_CODE_GONE, ERRCODE_T_R_SERIALIZATION_FAILURE, CFDW_ANSWER_REFUSED, "the list is not in the account", read_again},
	{283, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, "the account found no data in the request", NULL},
	{284, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, "the account found no list in the request", NULL},
	{285, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, "the account misses a required field", NULL},
	{402, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, CFDW_ANSWER_CLOSED, "the account's subscription has ended", pay},
	{429, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, CFDW_ANSWER_LATER, "too many requests", slow_down},
};

static const Meaning statuses[] = {
	{301, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_CLOSED, "the account has moved", NULL},
	{302, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_CLOSED, "the account has moved", NULL},
	{307, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_CLOSED, "the account has moved", NULL},
	{308, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_CLOSED, "the account has moved", NULL},
	{400, ERRCODE_FDW_ERROR, CFDW_ANSWER_REFUSED, "the account found the request invalid", NULL},
	{401, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_CLOSED, "the account refused the credentials", check_sign_in},
	{402, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, CFDW_ANSWER_CLOSED, "the account's subscription has ended", pay},
	{403, ERRCODE_INSUFFICIENT_PRIVILEGE, CFDW_ANSWER_CLOSED, "the account denies access", ask_for_rights},
	{404, ERRCODE_FDW_TABLE_NOT_FOUND, CFDW_ANSWER_REFUSED, "the account has no such path", check_path},
	{413, ERRCODE_PROGRAM_LIMIT_EXCEEDED, CFDW_ANSWER_REFUSED, "the request is too large for the account", smaller_batches},
	{422, ERRCODE_PROGRAM_LIMIT_EXCEEDED, CFDW_ANSWER_REFUSED, "the account cannot process so much in one request", smaller_batches},
	{429, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, CFDW_ANSWER_LATER, "too many requests", slow_down},
	{500, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNKNOWN, "the account had an internal error", try_later},
	{502, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNKNOWN, "the account is not available", try_later},
	{503, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNKNOWN, "the account is not available", try_later},
	{504, ERRCODE_FDW_ERROR, CFDW_ANSWER_UNKNOWN, "the account took too long", smaller_batches},
};

/* How a transfer ended. */
static const Meaning outcomes[] = {
	{CFDW_HTTP_NO_CONNECTION, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, CFDW_ANSWER_NOT_SENT, "could not connect", NULL},
	{CFDW_HTTP_PROXY_LOGIN, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, CFDW_ANSWER_CLOSED, "the proxy refused the credentials", check_proxy},
	{CFDW_HTTP_LOST, ERRCODE_CONNECTION_FAILURE, CFDW_ANSWER_UNKNOWN, "the connection was lost", NULL},
	{CFDW_HTTP_TIMEOUT, ERRCODE_CONNECTION_FAILURE, CFDW_ANSWER_UNKNOWN, "no reply in time", more_patience},
	{CFDW_HTTP_CUT, ERRCODE_FDW_UNABLE_TO_CREATE_REPLY, CFDW_ANSWER_UNKNOWN, "the reply was cut short", NULL},
	{CFDW_HTTP_MALFORMED, ERRCODE_FDW_UNABLE_TO_CREATE_REPLY, CFDW_ANSWER_UNKNOWN, "the reply cannot be read", check_url},
	{CFDW_HTTP_TOO_LARGE, ERRCODE_PROGRAM_LIMIT_EXCEEDED, CFDW_ANSWER_UNREAD, "the reply is larger than \"max_response_size\"", larger_replies},
	{CFDW_HTTP_NO_MEMORY, ERRCODE_OUT_OF_MEMORY, CFDW_ANSWER_UNREAD, "out of memory", NULL},
	{CFDW_HTTP_NO_DESCRIPTOR, ERRCODE_INSUFFICIENT_RESOURCES, CFDW_ANSWER_NOT_SENT, "too many open files", fewer_files},
};

/* clang-format on */

/* What the account says, without a code, of a row that somebody else has
 * changed. */
#define CHANGED_MEANWHILE "modified date is older"

/* So many characters of a secret are enough to know it again. */
#define SECRET_START 8

pg_noreturn static void report_transport(const CfdwAction *action,
										 const CfdwResponse *response);
pg_noreturn static void report_unknown_outcome(const CfdwAction *action,
											   const char *why);
static const char *reason_of(const CfdwAction *action,
							 const CfdwResponse *response,
							 const Meaning *meaning);
static const char *hint_of(const CfdwAction *action,
						   const CfdwResponse *response,
						   const CfdwProblem *problem, const Meaning *meaning);
static const Meaning *find_meaning(const Meaning *meanings, size_t n,
								   int number);
static char *detail_of(const CfdwAction *action, const CfdwResponse *response,
					   const CfdwProblem *problem);
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
	const char *reason;
	const char *hint;
	char *detail;

	if (response->outcome != CFDW_HTTP_OK)
		report_transport(action, response);

	cfdw_reply_problem(body, len, &problem);
	meaning = find_meaning(codes, lengthof(codes), problem.code);
	if (meaning == NULL)
		meaning =
			find_meaning(statuses, lengthof(statuses), (int) response->status);
	reason = reason_of(action, response, meaning);
	hint = hint_of(action, response, &problem, meaning);
	detail = detail_of(action, response, &problem);

	/* A server that failed in the middle of a write may have done it. */
	if ((action->verb == CFDW_ADD && response->status >= 500) ||
		(action->unsure && response->status < 500))
		report_unknown_outcome(action, detail);
	if (action->verb >= 0 && response->status >= 500)
		detail =
			psprintf("%s\nThe account may have carried it out, or not: %s.",
					 detail, action->rows);
	ereport(ERROR,
			(errcode(meaning != NULL ? meaning->sqlstate : ERRCODE_FDW_ERROR),
			 errmsg("could not %s on server \"%s\": %s", action->what,
					action->server, reason),
			 errdetail("%s", detail), hint != NULL ? errhint("%s", hint) : 0));
}

/*
 * Raises HV00M for a whole reply that is not of the expected shape.  FAULT is
 * a fragment.
 */
void
cfdw_report_malformed(const CfdwAction *action, const char *fault,
					  const CfdwResponse *response)
{
	StringInfoData detail;

	initStringInfo(&detail);
	appendStringInfo(&detail, "The account answered with status %ld, but %s.",
					 response->status, fault);
	if (action->rows != NULL)
		appendStringInfo(&detail,
						 "\nThe account may have carried it out, or not: %s.",
						 action->rows);
	ereport(
		ERROR,
		(errcode(ERRCODE_FDW_UNABLE_TO_CREATE_REPLY),
		 errmsg(
			 "could not %s on server \"%s\": the reply is not what was expected",
			 action->what, action->server),
		 errdetail_internal("%s", detail.data)));
}

/*
 * Raises the error for a row that the account refused.  WHAT names it: "update
 * list 4223".  GONE: because it does not have the list.
 */
void
cfdw_report_refused(const CfdwAction *action, const char *what,
					const CfdwProblem *problem, bool gone,
					const CfdwResponse *response)
{
	const Meaning *meaning = find_meaning(
		codes, lengthof(codes), gone ? CFDW_CODE_GONE : problem->code);

	if (action->unsure)
		report_unknown_outcome(action, detail_of(action, response, problem));
	if (meaning == NULL && problem->words != NULL &&
		strstr(problem->words, CHANGED_MEANWHILE) != NULL)
		ereport(
			ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not %s on server \"%s\": it was changed meanwhile",
					what, action->server),
			 errdetail("%s", detail_of(action, response, problem)),
			 errhint("%s", read_again)));
	ereport(
		ERROR,
		(errcode(meaning != NULL ? meaning->sqlstate : ERRCODE_FDW_ERROR),
		 errmsg("could not %s on server \"%s\": %s", what, action->server,
				meaning != NULL ? meaning->reason : "the account refused it"),
		 errdetail("%s", detail_of(action, response, problem)),
		 meaning != NULL && meaning->hint != NULL ? errhint("%s", meaning->hint)
												  : 0));
}

/*
 * Raises 40001 for a row that is no longer in the account.
 */
void
cfdw_report_gone(const CfdwAction *action, const char *what)
{
	if (action->unsure)
		report_unknown_outcome(action,
							   "The account's reply leaves a list out.");
	ereport(
		ERROR,
		(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
		 errmsg("could not %s on server \"%s\": the list is not in the account",
				what, action->server),
		 errdetail("The account's reply leaves it out."),
		 errhint("%s", read_again)));
}

/*
 * What an answer means, by how the transfer ended, or else by its status and the
 * account's CODE, 0 when it gave none.  Never raises.
 */
CfdwAnswer
cfdw_report_answer(const CfdwResponse *response, int code)
{
	const Meaning *meaning;
	int status = (int) response->status;

	if (response->outcome != CFDW_HTTP_OK)
	{
		meaning = find_meaning(outcomes, lengthof(outcomes), response->outcome);
		return meaning->answer == CFDW_ANSWER_UNKNOWN && !response->sent
				   ? CFDW_ANSWER_NOT_SENT
				   : meaning->answer;
	}
	if (status >= 500)
		meaning = find_meaning(statuses, lengthof(statuses), status);
	else
		meaning = find_meaning(codes, lengthof(codes), code);
	if (meaning == NULL && (status == 200 || status == 204))
		return code == 0 ? CFDW_ANSWER_DONE : CFDW_ANSWER_REFUSED;
	if (meaning == NULL)
		meaning = find_meaning(statuses, lengthof(statuses), status);
	if (meaning != NULL)
		return meaning->answer;
	return status / 100 == 4 || status / 100 == 3 ? CFDW_ANSWER_REFUSED
												  : CFDW_ANSWER_UNREAD;
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
	bool sent = response->sent && meaning->answer != CFDW_ANSWER_CLOSED;
	char *detail = cfdw_words_clean(response->error, strlen(response->error));

	if (response->outcome == CFDW_HTTP_TIMEOUT)
		detail = psprintf("Waited %d ms for a reply.", action->timeout_ms);
	if (action->verb >= 0 && (sent || action->unsure) &&
		response->outcome != CFDW_HTTP_TOO_LARGE)
		report_unknown_outcome(action,
							   psprintf("After the request was sent, %s: %s",
										meaning->reason, detail));
	if (action->verb >= 0 && sent)
		detail =
			psprintf("%s\nThe account may have carried it out, or not: %s.",
					 detail, action->rows);
	ereport(ERROR, (errcode(meaning->sqlstate),
					errmsg("could not %s on server \"%s\": %s", action->what,
						   action->server, meaning->reason),
					errdetail("%s", redact(detail, action->credentials)),
					meaning->hint != NULL ? errhint("%s", meaning->hint) : 0));
}

/*
 * Raises 08007.  WHY is a sentence.
 */
static void
report_unknown_outcome(const CfdwAction *action, const char *why)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN),
		 errmsg("outcome of the request to %s on server \"%s\" is unknown",
				action->what, action->server),
		 errdetail("%s\nThe account may have carried it out, or not: %s.%s%s",
				   redact(why, action->credentials), action->rows,
				   action->lookalikes != NULL ? "\n" : "",
				   action->lookalikes != NULL ? action->lookalikes : ""),
		 errhint("Check the account before you repeat the transaction.")));
}

static const char *
reason_of(const CfdwAction *action, const CfdwResponse *response,
		  const Meaning *meaning)
{
	if (meaning == NULL && response->status / 100 == 2)
		return "the account reported an error";
	if (meaning == NULL)
		return psprintf("the account answered with status %ld",
						response->status);
	if (meaning->sqlstate == ERRCODE_FDW_TABLE_NOT_FOUND)
		return psprintf("the account has no path \"%s\"", action->path);
	return meaning->reason;
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
			"The new address is \"%s\"; if you trust it, change the option \"url\" of the server.",
			redact(location, action->credentials));
	}
	if (wait_s > 0)
		return psprintf("The account asks to wait %d seconds.", wait_s);
	return meaning != NULL ? meaning->hint : NULL;
}

static const Meaning *
find_meaning(const Meaning *meanings, size_t n, int number)
{
	for (size_t i = 0; i < n; i++)
		if (meanings[i].number == number)
			return &meanings[i];
	return NULL;
}

/*
 * The account's own words, as a sentence for a detail.
 */
static char *
detail_of(const CfdwAction *action, const CfdwResponse *response,
		  const CfdwProblem *problem)
{
	StringInfoData detail;

	initStringInfo(&detail);
	appendStringInfo(&detail, "The account answered with status %ld",
					 response->status);
	if (problem->code != 0 && !problem->in_words)
		appendStringInfo(&detail, ", code %d", problem->code);
	if (response->request_id[0] != '\0')
		appendStringInfo(&detail, ", X-Request-Id %s",
						 cfdw_words_clean(response->request_id,
										  strlen(response->request_id)));
	if (problem->words != NULL)
		appendStringInfo(&detail, ": %s", problem->words);
	else
		appendStringInfoChar(&detail, '.');
	return redact(detail.data, action->credentials);
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
