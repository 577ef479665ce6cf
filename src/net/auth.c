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

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "net/auth.h"
#include "api/codec.h"
#include "net/report.h"

struct CfdwAuthMethod
{
	const char *name;
	size_t needs; /* offset of the credential that selects it */
	bool cookies; /* the server remembers us by a cookie */
	void (*apply)(const CfdwCredentials *credentials,
				  CfdwRequest *request); /* or NULL */
	CfdwTransfer *(*renew)(const CfdwCredentials *credentials,
						   const CfdwOptions *options, CfdwPool *pool,
						   CfdwTraffic *traffic); /* or NULL: it cannot */
};

struct CfdwLogin
{
	CfdwAction action;
	CfdwTransfer *transfer;
	StringInfoData body; /* of the reply, so far */
};

/* More of a reply to a login is not looked at. */
#define MAX_REPLY (64 * 1024)

static void apply_token(const CfdwCredentials *credentials,
						CfdwRequest *request);
static CfdwTransfer *log_in(const CfdwCredentials *credentials,
							const CfdwOptions *options, CfdwPool *pool,
							CfdwTraffic *traffic);
static bool is_refused(const CfdwResponse *response,
					   const StringInfoData *body);

static const CfdwAuthMethod methods[] = {
	{.name = "access token",
	 .needs = offsetof(CfdwCredentials, access_token),
	 .apply = apply_token},
	{.name = "login",
	 .needs = offsetof(CfdwCredentials, login),
	 .cookies = true,
	 .renew = log_in},
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
	return method->renew != NULL;
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
 * Starts to sign in anew, in the current memory context; the arguments must
 * outlive it.  TRAFFIC counts it.
 */
CfdwLogin *
cfdw_auth_begin(const CfdwAuthMethod *method,
				const CfdwCredentials *credentials, const CfdwOptions *options,
				const char *server, CfdwPool *pool, CfdwTraffic *traffic)
{
	CfdwLogin *login = palloc0(sizeof(CfdwLogin));

	login->action.server = server;
	login->action.path = cfdw_login_call.path;
	login->action.what = "sign in";
	login->action.verb = -1;
	login->action.timeout_ms = options->request_timeout_ms;
	login->action.credentials = credentials;
	initStringInfo(&login->body);
	login->transfer = method->renew(credentials, options, pool, traffic);
	return login;
}

/*
 * What a wait for the login has to wait for.
 */
CfdwTransfer *
cfdw_auth_transfer(const CfdwLogin *login)
{
	return login->transfer;
}

/*
 * Takes in what has come of the reply; true once it has ended.  Waits for
 * nothing.
 */
bool
cfdw_auth_receive(CfdwLogin *login)
{
	const char *data;
	size_t len;

	while (cfdw_http_is_ready(login->transfer))
	{
		if (!cfdw_http_read(login->transfer, &data, &len))
			return true;
		appendBinaryStringInfo(&login->body, data,
							   Min(len, (size_t) MAX_REPLY - login->body.len));
	}
	return false;
}

/*
 * Looks at the whole reply.  Raises 28000 when the account refuses, and what
 * report.c raises for a request that fails.
 */
void
cfdw_auth_finish(CfdwLogin *login)
{
	const CfdwResponse *response = cfdw_http_response(login->transfer);
	const StringInfoData *body = &login->body;

	if (is_refused(response, body))
		cfdw_report_response(&login->action, response, body->data, body->len);
	if (!cfdw_codec_login_accepted(body->data, body->len))
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
			 errmsg(
				 "could not sign in on server \"%s\": the account does not confirm it",
				 login->action.server),
			 errhint("Check the credentials in the user mapping.")));
	cfdw_http_end(login->transfer);
}

/*
 * All of that, but says by its result whether the account has accepted it.
 * Raises an error only for want of memory or of descriptors.
 */
bool
cfdw_auth_try(const CfdwAuthMethod *method, const CfdwCredentials *credentials,
			  const CfdwOptions *options, CfdwPool *pool)
{
	CfdwTransfer *transfer = method->renew(credentials, options, pool, NULL);
	const CfdwResponse *response;
	StringInfoData body;

	initStringInfo(&body);
	response = cfdw_http_collect(transfer, &body, MAX_REPLY);
	return !is_refused(response, &body) &&
		   cfdw_codec_login_accepted(body.data, body.len);
}

static void
apply_token(const CfdwCredentials *credentials, CfdwRequest *request)
{
	request->bearer = credentials->access_token;
}

/*
 * Sends a login.  The session cookie that it brings stays in POOL.
 */
static CfdwTransfer *
log_in(const CfdwCredentials *credentials, const CfdwOptions *options,
	   CfdwPool *pool, CfdwTraffic *traffic)
{
	CfdwRequest request = {0};

	request.url = psprintf("%s%s", options->url, cfdw_login_call.path);
	request.body = cfdw_codec_login(credentials->login, credentials->api_key,
									&request.body_len);
	request.timeout_ms = options->request_timeout_ms;
	request.max_response_size = options->max_response_size;
	request.traffic = traffic;
	return cfdw_http_start(pool, &request);
}

static bool
is_refused(const CfdwResponse *response, const StringInfoData *body)
{
	CfdwProblem problem;

	return response->outcome != CFDW_HTTP_OK || response->status != 200 ||
		   cfdw_codec_problem(body->data, body->len, &problem);
}
