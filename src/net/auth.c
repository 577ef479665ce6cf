/*-------------------------------------------------------------------------
 *
 * auth.c
 *	  Who we are: the ways to sign in.
 *
 * Owns the table of methods: what a method needs from the user mapping, what
 * it adds to a request and how it signs in anew.  Must not know when that is
 * necessary: session does.
 *
 * Facts: the API page, "Who one is".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "utils/builtins.h"

#include "net/auth.h"
#include "api/codec.h"
#include "api/reply.h"
#include "net/report.h"

struct CfdwAuthMethod
{
	const char *name;
	size_t needs; /* offset of the credential that selects it */
	bool cookies; /* the server remembers us by a cookie */
	void (*apply)(const CfdwCredentials *credentials,
				  CfdwRequest *request); /* or NULL */
	void (*login)(const CfdwCredentials *credentials,
				  CfdwRequest *request); /* or NULL: it cannot be renewed */
};

static bool is_success(const CfdwResponse *response);
static void apply_token(const CfdwCredentials *credentials,
						CfdwRequest *request);
static void log_in(const CfdwCredentials *credentials, CfdwRequest *request);

static const CfdwAuthMethod methods[] = {
	{.name = "access token",
	 .needs = offsetof(CfdwCredentials, access_token),
	 .apply = apply_token},
	{.name = "login",
	 .needs = offsetof(CfdwCredentials, login),
	 .cookies = true,
	 .login = log_in},
};

/*
 * The method that the credentials are for.  Raises 28000 when there are none:
 * the validator saw to it when they were set.
 */
const CfdwAuthMethod *
cfdw_auth_method(const CfdwCredentials *credentials, const char *server)
{
	for (size_t i = 0; i < lengthof(methods); i++)
		if (*(char *const *) ((const char *) credentials + methods[i].needs) !=
			NULL)
			return &methods[i];
	ereport(ERROR, (errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
					errmsg("user mapping for server \"%s\" has no credentials",
						   server)));
}

/*
 * Whether signing in leaves a cookie that later requests must carry.
 */
bool
cfdw_auth_uses_cookies(const CfdwAuthMethod *method)
{
	return method->cookies;
}

/*
 * Whether signing in anew may help against a 401.
 */
bool
cfdw_auth_can_renew(const CfdwAuthMethod *method)
{
	return method->login != NULL;
}

/*
 * Adds to REQUEST what proves who we are; it refers to CREDENTIALS.
 */
void
cfdw_auth_apply(const CfdwAuthMethod *method,
				const CfdwCredentials *credentials, CfdwRequest *request)
{
	if (method->apply != NULL)
		method->apply(credentials, request);
}

/*
 * Makes the request that signs in anew, in the current memory context; the
 * arguments must outlive it.  Its session cookie stays in the pool.
 */
void
cfdw_auth_login(const CfdwAuthMethod *method,
				const CfdwCredentials *credentials, const CfdwOptions *options,
				CfdwRequest *request)
{
	request->url = psprintf("%s%s", options->url, cfdw_login_call.path);
	request->timeout_ms = options->request_timeout_ms;
	request->max_response_size = options->max_response_size;
	request->whole = true;
	request->signs_in = true;
	method->login(credentials, request);
}

/*
 * Whether the account has let us in.  Never raises.
 */
bool
cfdw_auth_is_accepted(const CfdwResponse *response, const char *body,
					  size_t len)
{
	return is_success(response) && cfdw_reply_signed_in(body, len);
}

/*
 * What the answer to a login that was not accepted means; *WAIT_S: for so long the
 * account asks to wait, or 0.
 */
CfdwAnswer
cfdw_auth_answer(const CfdwResponse *response, const char *body, size_t len,
				 int *wait_s)
{
	CfdwProblem problem;

	cfdw_problem_read(body, len, response->content_type, &problem);
	*wait_s = problem.retry_after_s;
	return is_success(response) && problem.code == 0
			   ? CFDW_ANSWER_REFUSED
			   : cfdw_answer_of(response, problem.code);
}

/*
 * Raises the error for a login that was not accepted: 28000 when the account
 * refuses, else what report.c raises for a request that fails.
 */
void
cfdw_auth_report(const CfdwAction *action, const CfdwResponse *response,
				 const char *body, size_t len)
{
	CfdwProblem problem;

	if (!is_success(response) ||
		cfdw_problem_read(body, len, response->content_type, &problem))
		cfdw_report_response(action, response, body, len);
	cfdw_report_unconfirmed(action, response, body, len);
}

static bool
is_success(const CfdwResponse *response)
{
	return response->outcome == CFDW_HTTP_OK &&
		   cfdw_answer_of_status(response) == CFDW_ANSWER_DONE;
}

static void
apply_token(const CfdwCredentials *credentials, CfdwRequest *request)
{
	request->bearer = credentials->access_token;
}

static void
log_in(const CfdwCredentials *credentials, CfdwRequest *request)
{
	request->body = cfdw_codec_login(credentials->login, credentials->api_key,
									 &request->body_len);
}
