/*-------------------------------------------------------------------------
 *
 * report.c
 *	  A remote failure -> a PostgreSQL error.
 *
 * Owns the sentences of an error: what failed, why, in the account's own words, what
 * may have come of it, and what to do; and keeps secrets out of them.  Every error
 * about the remote side is raised here.  Must not know what an answer means.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "api/words.h"
#include "net/client.h"
#include "net/report.h"
#include "compat.h"

/* What nginx says at a port for https. */
#define PLAIN_HTTP "plain HTTP request"

/* So many characters of a secret are enough to know it again. */
#define SECRET_START 8

/* What is said of an action: of its row and the server, of how many rows, or of the
 * server alone. */
typedef struct Sentences
{
	const char *of_row;
	const char *of_rows[2]; /* one, more */
	const char *of_server;
} Sentences;

/* For the translators' tools. */
#define gettext_noop_plural(one, more)                                         \
	{                                                                          \
		one, more                                                              \
	}

/* clang-format off */

/* It has failed. */
static const Sentences failures[] = {
	[CFDW_ADDING] = {
		gettext_noop("could not add list \"%s\" on server \"%s\""),
		gettext_noop_plural("could not add %d list on server \"%s\"", "could not add %d lists on server \"%s\""), NULL},
	[CFDW_UPDATING] = {
		gettext_noop("could not update list %s on server \"%s\""),
		gettext_noop_plural("could not update %d list on server \"%s\"", "could not update %d lists on server \"%s\""), NULL},
	[CFDW_DELETING] = {
		gettext_noop("could not delete list %s on server \"%s\""),
		gettext_noop_plural("could not delete %d list on server \"%s\"", "could not delete %d lists on server \"%s\""), NULL},
	[CFDW_CHANGING] = {
		NULL,
		gettext_noop_plural("could not change %d list on server \"%s\"", "could not change %d lists on server \"%s\""), NULL},
	[CFDW_READING] = {NULL, {NULL, NULL}, gettext_noop("could not read lists from server \"%s\"")},
	[CFDW_SIGNING_IN] = {NULL, {NULL, NULL}, gettext_noop("could not sign in to server \"%s\"")},
};

/* It has gone out, and nobody knows what became of it: for writes alone. */
static const Sentences unknown_ends[] = {
	[CFDW_ADDING] = {
		gettext_noop("outcome of the request to add list \"%s\" on server \"%s\" is unknown"),
		gettext_noop_plural("outcome of the request to add %d list on server \"%s\" is unknown", "outcome of the request to add %d lists on server \"%s\" is unknown"), NULL},
	[CFDW_UPDATING] = {
		gettext_noop("outcome of the request to update list %s on server \"%s\" is unknown"),
		gettext_noop_plural("outcome of the request to update %d list on server \"%s\" is unknown", "outcome of the request to update %d lists on server \"%s\" is unknown"), NULL},
	[CFDW_DELETING] = {
		gettext_noop("outcome of the request to delete list %s on server \"%s\" is unknown"),
		gettext_noop_plural("outcome of the request to delete %d list on server \"%s\" is unknown", "outcome of the request to delete %d lists on server \"%s\" is unknown"), NULL},
	[CFDW_CHANGING] = {
		NULL,
		gettext_noop_plural("outcome of the request to change %d list on server \"%s\" is unknown", "outcome of the request to change %d lists on server \"%s\" is unknown"), NULL},
};
/* clang-format on */

pg_noreturn static void report_transport(const CfdwAction *action,
										 const CfdwResponse *response);
pg_noreturn static void report_unknown_outcome(const CfdwAction *action,
											   const StringInfoData *why);
static bool is_silent_http(const CfdwAction *action,
						   const CfdwResponse *response);
static bool has_words(const CfdwResponse *response);
pg_noreturn static void report_failure(const CfdwAction *action, int sqlstate,
									   const StringInfoData *detail,
									   const char *hint);
pg_noreturn static void raise(const CfdwAction *action, int sqlstate,
							  char *message, const StringInfoData *detail,
							  const char *hint);
static char *message_of(const CfdwAction *action, bool unknown);
static bool is_write(const CfdwAction *action);
static const char *wait_hint(int wait_s);
static const char *hint_of(const CfdwAction *action,
						   const CfdwResponse *response,
						   const CfdwProblem *problem,
						   const CfdwMeaning *meaning);
static const char *row_hint(const CfdwAction *action,
							const CfdwMeaning *meaning);
static void begin_detail(StringInfo detail, const char *sentence);
static void append_sentence(StringInfo detail, const char *sentence);
static void append_answer(StringInfo detail, const CfdwAction *action,
						  const CfdwResponse *response,
						  const CfdwProblem *problem);
static const char *append_page(StringInfo detail, const CfdwAction *action,
							   const CfdwResponse *response, const char *body,
							   size_t len);
static void append_doubt(StringInfo detail, const CfdwAction *action);
static char *redact(const char *words, const CfdwAction *action);
static void replace_cookie(void *words, const char *value);
static void replace_secret(char *words, const char *secret);
static size_t secret_len(const char *words, const char *secret, bool escaped);
static size_t escape_len(const char *text, char c);

/*
 * Raises the error for a reply that is no success: how the transfer ended, or
 * else what its status and its body say.
 */
void
cfdw_report_response(const CfdwAction *action, const CfdwResponse *response,
					 const char *body, size_t len)
{
	CfdwProblem problem;
	const CfdwMeaning *meaning;
	const char *hint;
	CfdwAnswer answer;
	StringInfoData detail;

	if (response->outcome != CFDW_HTTP_OK)
		report_transport(action, response);

	cfdw_problem_read(body, len, response->content_type, &problem);
	if (action->nrows == 1 && !action->adds)
		cfdw_answer_read_absence(response, &problem);
	meaning = cfdw_answer_refusal(response, &problem, action->nrows);
	hint = hint_of(action, response, &problem, meaning);
	begin_detail(&detail, meaning->reason != NULL
							  ? psprintf(_(meaning->reason), action->path)
							  : NULL);
	append_answer(&detail, action, response, &problem);

	/* A server that failed in the middle of a write may have done it. */
	if (cfdw_answer_is_failure(response) ? action->adds : action->unsure)
		report_unknown_outcome(action, &detail);
	answer = cfdw_answer_of(response, problem.code);
	if (answer == CFDW_ANSWER_UNKNOWN || answer == CFDW_ANSWER_UNREAD)
		append_doubt(&detail, action);
	report_failure(action, meaning->sqlstate, &detail, hint);
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
	report_failure(action, ERRCODE_FDW_UNABLE_TO_CREATE_REPLY, &detail, hint);
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
	if (hint == NULL)
		hint = cfdw_answer_hint(CFDW_HINT_CHECK_SIGN_IN);
	report_failure(action, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, &detail,
				   hint);
}

/*
 * Raises the error for the row that ACTION is about, which the account refused.
 * GONE: because it does not have the list.
 */
void
cfdw_report_refused(const CfdwAction *action, const CfdwProblem *problem,
					bool gone, const CfdwResponse *response)
{
	const CfdwMeaning *meaning = cfdw_answer_row(problem, gone);
	StringInfoData detail;

	begin_detail(&detail, _(meaning->reason));
	append_answer(&detail, action, response, problem);
	if (action->unsure)
		report_unknown_outcome(action, &detail);
	report_failure(action, meaning->sqlstate, &detail,
				   row_hint(action, meaning));
}

/*
 * Raises 40001 for the row that ACTION is about, which is no longer in the account.
 */
void
cfdw_report_gone(const CfdwAction *action)
{
	const CfdwMeaning *meaning = cfdw_answer_row(&(CfdwProblem){0}, true);
	StringInfoData detail;

	begin_detail(&detail, _(meaning->reason));
	append_sentence(&detail, _("The account's reply leaves it out."));
	if (action->unsure)
		report_unknown_outcome(action, &detail);
	report_failure(action, meaning->sqlstate, &detail,
				   row_hint(action, meaning));
}

/*
 * Raises 08006: the time to commit, of so many milliseconds, was over before all
 * changes to TABLE were sent.
 */
void
cfdw_report_too_late(const CfdwAction *action, const char *table)
{
	raise(
		action, ERRCODE_CONNECTION_FAILURE,
		psprintf(
			_("could not send all changes to foreign table \"%s\" within %d ms"),
			table, action->timeout_ms),
		NULL, cfdw_answer_hint(CFDW_HINT_MORE_TIME_TO_COMMIT));
}

/*
 * Raises the error for a transfer without a whole reply.
 */
static void
report_transport(const CfdwAction *action, const CfdwResponse *response)
{
	const CfdwMeaning *meaning = cfdw_answer_outcome(response);
	CfdwHint hint = meaning->hint;
	bool sent = response->sent && meaning->answer != CFDW_ANSWER_CLOSED;
	StringInfoData detail;

	if (response->too_late)
	{
		begin_detail(
			&detail,
			_("The time that the option \"commit_timeout\" gives ran out."));
		hint = CFDW_HINT_MORE_TIME_TO_COMMIT;
	}
	else
		begin_detail(&detail, psprintf(_(meaning->reason), action->timeout_ms));
	if (is_silent_http(action, response))
		hint = CFDW_HINT_ONLY_TLS;
	if (has_words(response))
		append_sentence(
			&detail,
			redact(cfdw_words_clean(response->error, strlen(response->error)),
				   action));
	if (is_write(action) && (sent || action->unsure) &&
		response->outcome != CFDW_HTTP_TOO_LARGE)
		report_unknown_outcome(action, &detail);
	if (sent)
		append_doubt(&detail, action);
	report_failure(action, meaning->sqlstate, &detail,
				   response->retry_after_s > 0
					   ? wait_hint(response->retry_after_s)
					   : cfdw_answer_hint(hint));
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
	raise(action, ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN,
		  message_of(action, true), &detail,
		  _("Check the account before you repeat the transaction."));
}

/*
 * Raises the error for an action that has failed.  HINT is translated, or NULL.
 */
static void
report_failure(const CfdwAction *action, int sqlstate,
			   const StringInfoData *detail, const char *hint)
{
	raise(action, sqlstate, message_of(action, false), detail, hint);
}

/*
 * Counts an error, and raises it, as the client can be shown it: or else it would be
 * told of its encoding, and might repeat what may have been carried out.  All is
 * translated; DETAIL or HINT may be NULL.
 */
static void
raise(const CfdwAction *action, int sqlstate, char *message,
	  const StringInfoData *detail, const char *hint)
{
	cfdw_statistics_error(action->statistics, sqlstate, message,
						  detail != NULL ? detail->data : hint);
	cfdw_client_prepare();
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg_internal("%s", cfdw_client_showable(message)),
			 detail != NULL
				 ? errdetail_internal("%s", cfdw_client_showable(detail->data))
				 : 0,
			 hint != NULL ? errhint("%s", cfdw_client_showable(pstrdup(hint)))
						  : 0));
}

/*
 * What is said of an action, in the language of messages; UNKNOWN: of one that has
 * gone out, and nobody knows what became of it.
 */
static char *
message_of(const CfdwAction *action, bool unknown)
{
	const Sentences *sentences =
		unknown ? &unknown_ends[action->kind] : &failures[action->kind];

	Assert(!unknown || is_write(action));
	if (action->row != NULL && sentences->of_row != NULL)
		return psprintf(_(sentences->of_row), action->row, action->server);
	if (sentences->of_rows[0] != NULL)
		return psprintf(ngettext(sentences->of_rows[0], sentences->of_rows[1],
								 action->nrows),
						action->nrows, action->server);
	return psprintf(_(sentences->of_server), action->server);
}

static bool
is_write(const CfdwAction *action)
{
	return action->nrows > 0;
}

static const char *
wait_hint(int wait_s)
{
	return psprintf(ngettext("The account asks to wait %d second.",
							 "The account asks to wait %d seconds.", wait_s),
					wait_s);
}

static const char *
hint_of(const CfdwAction *action, const CfdwResponse *response,
		const CfdwProblem *problem, const CfdwMeaning *meaning)
{
	int wait_s = Max(problem->retry_after_s, response->retry_after_s);

	if (response->status / 100 == 3 && response->location[0] != '\0')
	{
		char *location =
			cfdw_words_clean(response->location, strlen(response->location));

		return psprintf(
			_("The new address is \"%s\"; if you trust it, change the option \"url\" of the server."),
			redact(location, action));
	}
	if (wait_s > 0)
		return wait_hint(wait_s);
	if (action->plain_http && problem->words != NULL &&
		strstr(problem->words, PLAIN_HTTP) != NULL)
		return cfdw_answer_hint(CFDW_HINT_ONLY_TLS);
	/* One row, or none, is as small as it gets. */
	if (meaning->hint == CFDW_HINT_SMALLER_BATCHES && action->nrows <= 1)
		return cfdw_answer_hint(meaning->answer == CFDW_ANSWER_UNKNOWN
									? CFDW_HINT_TRY_LATER
									: CFDW_HINT_NONE);
	return row_hint(action, meaning);
}

/*
 * The hint of the table, unless the transaction had not read what it changes.
 */
static const char *
row_hint(const CfdwAction *action, const CfdwMeaning *meaning)
{
	return cfdw_answer_hint(meaning->hint == CFDW_HINT_READ_AGAIN &&
									action->unverified
								? CFDW_HINT_UNVERIFIED
								: meaning->hint);
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
	const char *words =
		problem->words != NULL ? redact(problem->words, action) : NULL;

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
							action)));
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
	return is_page ? cfdw_answer_hint(CFDW_HINT_CHECK_PAGE) : NULL;
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
 * WORDS without the secrets of a user mapping, or the cookies that it was given for
 * them, should the account repeat them.
 */
static char *
redact(const char *words, const CfdwAction *action)
{
	char *result = pstrdup(words);
	ListCell *lc;

	if (action->credentials != NULL)
		foreach(lc, action->credentials->secrets)
			replace_secret(result, lfirst(lc));
	if (action->pool != NULL)
		cfdw_pool_visit_cookies(action->pool, replace_cookie, result);
	return result;
}

/*
 * A short one would be found in words that have nothing to do with it.
 */
static void
replace_cookie(void *words, const char *value)
{
	if (strlen(value) >= SECRET_START)
		replace_secret(words, value);
}

/*
 * Puts asterisks in the place of SECRET, or of its beginning where the rest was
 * cut off; works on WORDS itself.
 */
static void
replace_secret(char *words, const char *secret)
{
	if (secret == NULL || *secret == '\0')
		return;
	while (*words != '\0')
	{
		size_t len = Max(secret_len(words, secret, false),
						 secret_len(words, secret, true));

		memset(words, '*', len);
		words += Max(len, 1);
	}
}

/*
 * How many bytes of WORDS are SECRET, or enough of its beginning to know it again,
 * in capital letters or not; perhaps with letters that are escaped.  0: they are not.
 */
static size_t
secret_len(const char *words, const char *secret, bool escaped)
{
	const char *end = words;
	size_t known = 0;

	for (; secret[known] != '\0'; known++)
	{
		size_t len = escaped ? escape_len(end, secret[known]) : 0;

		if (len == 0 && pg_ascii_tolower((unsigned char) *end) ==
							pg_ascii_tolower((unsigned char) secret[known]))
			len = 1;
		if (len == 0)
			break;
		end += len;
	}
	return known >= SECRET_START || secret[known] == '\0' ? end - words : 0;
}

/*
 * How many bytes of TEXT stand for the letter C in a URL, in HTML or in JSON, which have
 * it escaped; 0: it is not.
 */
static size_t
escape_len(const char *text, char c)
{
	static const char *const numbered[] = {"%%%02x", "&#%d;", "&#x%x;",
										   "\\u%04x"};
	static const struct
	{
		char c;
		const char *escape;
	} named[] = {{'&', "&amp;"},  {'<', "&lt;"},    {'>', "&gt;"},
				 {'"', "&quot;"}, {'\'', "&#039;"}, {'"', "\\\""},
				 {'/', "\\/"},    {'\\', "\\\\"}};
	char escape[16];

	if (*text != '%' && *text != '&' && *text != '\\')
		return 0;
	for (size_t i = 0; i < lengthof(named); i++)
		if (named[i].c == c &&
			pg_strncasecmp(text, named[i].escape, strlen(named[i].escape)) == 0)
			return strlen(named[i].escape);
	for (size_t i = 0; i < lengthof(numbered); i++)
	{
		snprintf(escape, sizeof(escape), numbered[i], (unsigned char) c);
		if (pg_strncasecmp(text, escape, strlen(escape)) == 0)
			return strlen(escape);
	}
	return 0;
}
