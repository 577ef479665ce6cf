/*-------------------------------------------------------------------------
 *
 * response.c
 *	  What came of a request: its reply's headers, and how it ended.
 *
 * Owns what is taken from the headers, and from libcurl's hundred codes what matters:
 * how far the request came, and what kept it from coming further.
 *
 * Nothing here raises an error, pallocs or checks for interrupts: libcurl calls it,
 * and so does an abort.
 *
 * Must not know what a status means, nor how a request is sent or waited for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <ctype.h>
#include <curl/curl.h>
#include <limits.h>
#include <time.h>

#include "net/response.h"

/* Bytes of the headers of a reply: fewer than libcurl allows. */
#define MAX_HEAD (256 * 1024)

/* How libcurl ends a transfer with one that is too long: once as want of memory. */
#if LIBCURL_VERSION_NUM >= 0x080600
#define HEADER_TOO_LONG CURLE_TOO_LARGE
#else
#define HEADER_TOO_LONG CURLE_OUT_OF_MEMORY
#endif

/* What is said when none is to be had. */
#define NO_DESCRIPTOR "All file descriptors are in use."

/* The headers that are kept. */
static const struct
{
	const char *name;
	size_t offset; /* in CfdwResponse */
	size_t size;
} kept[] = {
	{"Location", offsetof(CfdwResponse, location),
	 sizeof(((CfdwResponse *) 0)->location)},
	{"X-Request-Id", offsetof(CfdwResponse, request_id),
	 sizeof(((CfdwResponse *) 0)->request_id)},
	{"Content-Type", offsetof(CfdwResponse, content_type),
	 sizeof(((CfdwResponse *) 0)->content_type)},
};

/* Those that tell how a body is coded, in lower case. */
static const char *const codings[] = {"content-encoding:",
									  "transfer-encoding:"};

static int retry_after_s(CURL *easy);
static const char *header_of(CURL *easy, const char *name);
static bool is_interim(const char *line, size_t len);
static inline const char *value_of(const char *line, size_t len,
								   const char *name);
static const char *skip_name(const char *line, size_t len, const char *name);
static int count_codings(const char *value, const char *end);
static bool is_word(const char *start, const char *end, const char *word);
static const char *words_of(const CfdwResponse *response,
							const CfdwArrival *arrival, CURLcode code,
							const char *error);
static void describe(CfdwResponse *response, CURLcode code, const char *error);
static CfdwOutcome outcome_of(const CfdwResponse *response,
							  const CfdwArrival *arrival, CURL *easy,
							  CURLcode code, const char *error);
static CfdwOutcome certificate_fault(CURL *easy);
static bool is_silent(const CfdwArrival *arrival, CURL *easy);
static bool speaks_no_tls(const char *error);
static bool has_long_header(const CfdwArrival *arrival, CURLcode code);
static bool wants_proxy_login(const CfdwResponse *response,
							  const CfdwArrival *arrival, CURL *easy);

/*
 * Takes in a line of the headers, or the empty line behind them.  False when they are
 * too many, or tell of codings of the body upon codings, of which few bytes can become
 * many: libcurl would undo them, and calls more of them than it likes a lost
 * connection.
 */
bool
cfdw_response_header(CfdwArrival *arrival, const char *line, size_t len)
{
	if (value_of(line, len, "http/") != NULL)
		arrival->interim = is_interim(line, len);
	arrival->headed |= len <= 2 && !arrival->interim;
	for (size_t i = 0; i < lengthof(codings); i++)
	{
		const char *value = value_of(line, len, codings[i]);

		if (value != NULL)
			arrival->codings += count_codings(value, line + len);
	}
	arrival->head_len += len;
	if (arrival->codings <= 1 && arrival->head_len <= MAX_HEAD)
		return true;
	arrival->fault = CFDW_HTTP_MALFORMED;
	return false;
}

/*
 * Takes in the status and the headers of the reply, not of one before it.
 */
void
cfdw_response_status(CfdwResponse *response, void *easy)
{
	curl_easy_getinfo((CURL *) easy, CURLINFO_RESPONSE_CODE, &response->status);
	response->retry_after_s = retry_after_s((CURL *) easy);
	for (size_t i = 0; i < lengthof(kept); i++)
	{
		const char *value = header_of((CURL *) easy, kept[i].name);

		strlcpy((char *) response + kept[i].offset, value != NULL ? value : "",
				kept[i].size);
	}
}

/*
 * A transfer has ended with libcurl's CODE, of which it says ERROR, or "".
 */
void
cfdw_response_end(CfdwResponse *response, const CfdwArrival *arrival,
				  void *easy, int code, const char *error)
{
	cfdw_response_status(response, easy);
	response->outcome =
		outcome_of(response, arrival, (CURL *) easy, (CURLcode) code, error);
	describe(response, (CURLcode) code,
			 words_of(response, arrival, (CURLcode) code, error));
}

/*
 * The response of a transfer that could not be started: libcurl's CODE says why.
 */
void
cfdw_response_not_started(CfdwResponse *response, int code)
{
	memset(response, 0, sizeof(*response));
	response->outcome = code == CURLE_AGAIN           ? CFDW_HTTP_NO_DESCRIPTOR
						: code == CURLE_OUT_OF_MEMORY ? CFDW_HTTP_NO_MEMORY
													  : CFDW_HTTP_NO_CONNECTION;
	describe(response, (CURLcode) code, "");
}

/*
 * In how many seconds the account may be asked again, by the header Retry-After; 0 when
 * that says nothing.  A date is one by the account's clock, which may be another than
 * ours.
 */
static int
retry_after_s(CURL *easy)
{
	const char *value = header_of(easy, "Retry-After");
	time_t until;
	time_t now;

	if (value == NULL)
		return 0;
	if (isdigit((unsigned char) value[0]))
	{
		long seconds = strtol(value, NULL, 10);

		/* What no number can hold is none. */
		return seconds < LONG_MAX ? (int) Min(seconds, INT_MAX) : 0;
	}
	until = curl_getdate(value, NULL);
	value = header_of(easy, "Date");
	now = value != NULL ? curl_getdate(value, NULL) : -1;
	if (now < 0)
		now = time(NULL);
	return (int) Max(Min(until - now, INT_MAX), 0);
}

/*
 * The value of a header of the reply, not of one before it; or NULL.  Valid until the
 * next call.
 */
static const char *
header_of(CURL *easy, const char *name)
{
	struct curl_header *header;

	return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) ==
				   CURLHE_OK
			   ? header->value
			   : NULL;
}

/*
 * Whether a status line is one of a reply before the last.
 */
static bool
is_interim(const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);

	return space != NULL && space + 1 < line + len && space[1] == '1';
}

/*
 * What follows NAME, in lower case, in a line that begins with it; or NULL.
 */
static inline const char *
value_of(const char *line, size_t len, const char *name)
{
	/* Most do not: the bit tells small letters from capitals. */
	if (len == 0 || (line[0] | 0x20) != name[0])
		return NULL;
	return skip_name(line, len, name);
}

static const char *
skip_name(const char *line, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	return len >= name_len && pg_strncasecmp(line, name, name_len) == 0
			   ? line + name_len
			   : NULL;
}

/*
 * How many codings a value tells of, whatever its length.
 */
static int
count_codings(const char *value, const char *end)
{
	static const char separators[] = ", \t\r\n";
	int count = 0;

	while (value < end)
	{
		const char *word = value;

		while (value < end && strchr(separators, *value) == NULL)
			value++;
		if (value > word && !is_word(word, value, "chunked") &&
			!is_word(word, value, "identity"))
			count++;
		value++;
	}
	return count;
}

/*
 * Whether what lies between two places is a word, in whatever case.
 */
static bool
is_word(const char *start, const char *end, const char *word)
{
	size_t len = end - start;

	return len == strlen(word) && pg_strncasecmp(start, word, len) == 0;
}

/*
 * What is known of a failure that libcurl does not know, or else its own words.
 */
static const char *
words_of(const CfdwResponse *response, const CfdwArrival *arrival,
		 CURLcode code, const char *error)
{
	if (response->outcome == CFDW_HTTP_PROXY_LOGIN)
		return "The proxy answered with status 407.";
	if (arrival->codings > 1)
		return "It is coded more than once.";
	if (has_long_header(arrival, code))
		return "Its headers are too long.";
	if (code == CURLE_COULDNT_CONNECT && arrival->refused)
		return "The name of this machine stands for another one.";
	if (response->outcome == CFDW_HTTP_NO_DESCRIPTOR)
		return NO_DESCRIPTOR;
	return error;
}

/*
 * How a transfer ended, in words; ERROR is what is said of it, or "".
 */
static void
describe(CfdwResponse *response, CURLcode code, const char *error)
{
	if (response->outcome == CFDW_HTTP_OK)
		return;
	if (code == CURLE_SEND_FAIL_REWIND)
		/* libcurl's words tell of what on_send prevents. */
		error = "Server closed the connection";
	else if (code == CURLE_AGAIN)
		error = NO_DESCRIPTOR;
	else if (error[0] == '\0')
		error = curl_easy_strerror(code);
	strlcpy(response->error, error, sizeof(response->error));
}

/*
 * libcurl has a hundred codes; what matters is how far the request came.
 */
static CfdwOutcome
outcome_of(const CfdwResponse *response, const CfdwArrival *arrival, CURL *easy,
		   CURLcode code, const char *error)
{
	if (wants_proxy_login(response, arrival, easy))
		return CFDW_HTTP_PROXY_LOGIN;
	switch (code)
	{
		case CURLE_OK:
			return CFDW_HTTP_OK;
		case CURLE_OUT_OF_MEMORY:
			return has_long_header(arrival, code) ? CFDW_HTTP_MALFORMED
												  : CFDW_HTTP_NO_MEMORY;
		case CURLE_WRITE_ERROR:
			/* When it was none of ours, bytes follow the end of what was
			 * compressed.  Whether that was whole, its reader will see. */
			return arrival->fault;
		case CURLE_PARTIAL_FILE:
			return CFDW_HTTP_CUT;
#if LIBCURL_VERSION_NUM >= 0x080600
		case CURLE_TOO_LARGE:
#endif
		case CURLE_WEIRD_SERVER_REPLY:
		case CURLE_UNSUPPORTED_PROTOCOL:
		case CURLE_BAD_CONTENT_ENCODING:
			return CFDW_HTTP_MALFORMED;
		case CURLE_COULDNT_RESOLVE_PROXY:
		case CURLE_COULDNT_RESOLVE_HOST:
			return CFDW_HTTP_NO_CONNECTION;
		case CURLE_COULDNT_CONNECT:
			return arrival->exhausted ? CFDW_HTTP_NO_DESCRIPTOR
									  : CFDW_HTTP_NO_CONNECTION;
		case CURLE_PEER_FAILED_VERIFICATION:
			return certificate_fault(easy);
		case CURLE_SSL_CACERT_BADFILE:
			return arrival->options->ca_file != NULL ? CFDW_HTTP_NO_CA_FILE
													 : CFDW_HTTP_UNTRUSTED;
		case CURLE_SSL_CONNECT_ERROR:
			if (speaks_no_tls(error))
				return CFDW_HTTP_NO_TLS;
			break;
		case CURLE_OPERATION_TIMEDOUT:
			if (is_silent(arrival, easy))
				return CFDW_HTTP_NO_TLS;
			break;
		default:
			break;
	}

	if (!arrival->connected)
		return CFDW_HTTP_NO_CONNECTION;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return CFDW_HTTP_TIMEOUT;
	return arrival->headed ? CFDW_HTTP_CUT : CFDW_HTTP_LOST;
}

/*
 * What is wrong with a certificate that was refused, by the result of OpenSSL's
 * check (X509_verify_cert_error_string(3)); without one, it was libcurl that has
 * compared the names.
 */
static CfdwOutcome
certificate_fault(CURL *easy)
{
	long result = 0;

	curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &result);
	switch (result)
	{
		case 0:
		case 1: /* X509_V_ERR_UNSPECIFIED, in libcurl: not checked yet */
			return CFDW_HTTP_OTHER_HOST;
		case 9:  /* X509_V_ERR_CERT_NOT_YET_VALID */
		case 10: /* X509_V_ERR_CERT_HAS_EXPIRED */
			return CFDW_HTTP_EXPIRED;
		default:
			return CFDW_HTTP_UNTRUSTED;
	}
}

/*
 * Whether the server, and not a proxy before it, has left TLS without an answer for
 * as long as it has to connect.
 */
static bool
is_silent(const CfdwArrival *arrival, CURL *easy)
{
	long status = 0;

	if (!arrival->in_tls || arrival->connected || arrival->neglected)
		return false;
	curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
	return arrival->options->proxy == NULL || status / 100 == 2;
}

/*
 * Whether TLS failed because the server said something else, in the words of
 * OpenSSL and GnuTLS.
 */
static bool
speaks_no_tls(const char *error)
{
	return strstr(error, "wrong version number") != NULL ||
		   strstr(error, "packet length too long") != NULL ||
		   strstr(error, "unexpected TLS packet") != NULL;
}

/*
 * Whether the headers of the reply were too long, for libcurl or for cfdw_response_header().
 */
static bool
has_long_header(const CfdwArrival *arrival, CURLcode code)
{
	return arrival->head_len > MAX_HEAD ||
		   (code == HEADER_TOO_LONG && arrival->connected &&
			arrival->received == 0);
}

/*
 * Whether the proxy has refused, to connect or to pass the request on.
 */
static bool
wants_proxy_login(const CfdwResponse *response, const CfdwArrival *arrival,
				  CURL *easy)
{
	long status = 0;

	if (arrival->options->proxy == NULL)
		return false;
	curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
	return status == 407 || response->status == 407;
}
