/*-------------------------------------------------------------------------
 *
 * words.c
 *	  The account's own words, fit for a message.
 *
 * Whatever an account, a proxy or a server in between says of a failure is shown
 * to the user, but no byte of it as it stands.  Must not know what it is about.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "api/words.h"

/* The account's words are shortened to this many bytes. */
#define MAX_WORDS 500

/* Of a page in HTML this many bytes are searched for its title. */
#define MAX_PAGE 4096

/* Of a page, what is for programs alone. */
typedef struct Unseen
{
	const char *start;
	const char *end;
} Unseen;

static const Unseen unseen[] = {
	{"<!--", "-->"},
	{"<script", "</script>"},
	{"<style", "</style>"},
};

static int encoding_of(const char *text);
static void take_text(char *page);
static void blank_out(char *page, const char *start, const char *end);
static char *find(const char *text, const char *what);
static char *to_utf8(char *text, int encoding);
static void append_converted(StringInfo out, const char *utf8, int len);

/*
 * Words of another program, fit for a message: in the database encoding, on
 * one line, without control characters, shortened.  What cannot be converted
 * becomes a question mark.  Palloc'ed in the current context; raises nothing
 * but an error for want of memory.
 */
char *
cfdw_words_clean(const char *text, size_t len)
{
	StringInfoData out;
	const char *end = text + len;

	initStringInfo(&out);
	while (text < end && out.len < MAX_WORDS)
	{
		int width = pg_utf_mblen((const unsigned char *) text);

		if (width > end - text ||
			!pg_utf8_islegal((const unsigned char *) text, width))
		{
			appendStringInfoChar(&out, '?');
			text++;
		}
		else if (width == 2 && (unsigned char) text[0] == 0xc2 &&
				 (unsigned char) text[1] < 0xa0)
		{
			/* U+0080 to U+009F are control characters too. */
			appendStringInfoChar(&out, ' ');
			text += width;
		}
		else if (width > 1)
		{
			append_converted(&out, text, width);
			text += width;
		}
		else
		{
			bool blank = (unsigned char) *text <= ' ' || *text == 0x7f;

			if (!blank)
				appendStringInfoChar(&out, *text);
			else if (out.len > 0 && out.data[out.len - 1] != ' ')
				appendStringInfoChar(&out, ' ');
			text++;
		}
	}
	if (text < end)
		appendStringInfoString(&out, "...");
	while (out.len > 0 && out.data[out.len - 1] == ' ')
		out.data[--out.len] = '\0';
	return out.data;
}

/*
 * Whether BODY looks like a page in HTML.
 */
bool
cfdw_words_is_page(const char *body, size_t len)
{
	size_t i = 0;

	while (i < len && strchr(" \t\r\n\xef\xbb\xbf", body[i]) != NULL)
		i++;
	return i < len && body[i] == '<';
}

/*
 * The title of a page in HTML, or what it says where it has none, or the first words
 * of any other text; NULL when there are none.  They are in the encoding that
 * CONTENT_TYPE names, the header of the reply, or else the page.
 */
char *
cfdw_words_page(const char *body, size_t len, const char *content_type)
{
	char *page = pnstrdup(body, Min(len, MAX_PAGE));
	int encoding = encoding_of(content_type);
	char *words;

	if (encoding < 0)
		encoding = encoding_of(page);
	if (cfdw_words_is_page(page, strlen(page)))
		take_text(page);
	if (encoding >= 0)
		page = to_utf8(page, encoding);
	words = cfdw_words_clean(page, strlen(page));
	return words[0] != '\0' ? words : NULL;
}

/*
 * The encoding that a text names, as "charset=windows-1251"; -1 for none, for one
 * that is not known, and for UTF-8.
 */
static int
encoding_of(const char *text)
{
	static const char key[] = "charset=";
	static const char code_page[] = "cp";
	const char *name = find(text, key);
	char word[NAMEDATALEN];
	size_t len;
	int encoding;

	if (name == NULL)
		return -1;
	name += strlen(key);
	name += strspn(name, "\"'");
	len = strcspn(name, "\"'; \t\r\n>");
	strlcpy(word, name, Min(sizeof(word), len + 1));
	/* PostgreSQL calls cp1251 win1251. */
	encoding =
		pg_strncasecmp(word, code_page, strlen(code_page)) == 0
			? pg_char_to_encoding(psprintf("win%s", word + strlen(code_page)))
			: pg_char_to_encoding(word);
	return encoding == PG_UTF8 || encoding == PG_SQL_ASCII ? -1 : encoding;
}

/*
 * Leaves the title of PAGE, or where that says nothing, what is not between angle
 * brackets, but for what no reader of the page sees.
 */
static void
take_text(char *page)
{
	char *title = find(page, "<title");
	char *end = title != NULL ? find(title, "</title") : NULL;

	/* The account may be lying, or the page be cut: there may be no ">". */
	title = end != NULL ? strchr(title, '>') : NULL;
	if (title != NULL && ++title < end &&
		strspn(title, " \t\r\n") < (size_t) (end - title))
	{
		*end = '\0';
		memmove(page, title, strlen(title) + 1);
		return;
	}
	for (size_t i = 0; i < lengthof(unseen); i++)
		blank_out(page, unseen[i].start, unseen[i].end);
	blank_out(page, "<", ">");
}

/*
 * Puts blanks in the place of all that begins with START and ends with END.
 */
static void
blank_out(char *page, const char *start, const char *end)
{
	while ((page = find(page, start)) != NULL)
	{
		char *last = find(page, end);
		size_t len =
			last != NULL ? (size_t) (last - page) + strlen(end) : strlen(page);

		memset(page, ' ', len);
	}
}

/*
 * The first place of WHAT, which is ASCII, in capital letters or not; or NULL.
 */
static char *
find(const char *text, const char *what)
{
	for (; *text != '\0'; text++)
		if (pg_strncasecmp(text, what, strlen(what)) == 0)
			return unconstify(char *, text);
	return NULL;
}

/*
 * TEXT in UTF-8, palloc'ed; a question mark for each byte that is not of ENCODING.
 * As it stands where it cannot be converted.
 */
static char *
to_utf8(char *text, int encoding)
{
	Oid function = IsTransactionState()
					   ? FindDefaultConversionProc(encoding, PG_UTF8)
					   : InvalidOid;
	size_t len = strlen(text);
	size_t size = len * MAX_CONVERSION_GROWTH + 1;
	char *piece = palloc(size);
	StringInfoData out;

	if (!OidIsValid(function))
		return text;
	initStringInfo(&out);
	while (len > 0)
	{
		int done = pg_do_encoding_conversion_buf(
			function, encoding, PG_UTF8, (unsigned char *) text, (int) len,
			(unsigned char *) piece, (int) size, true);

		appendStringInfoString(&out, piece);
		if ((size_t) done < len)
		{
			appendStringInfoChar(&out, '?');
			done++;
		}
		text += done;
		len -= done;
	}
	return out.data;
}

/*
 * Appends one valid character of UTF-8 in the database encoding.
 */
static void
append_converted(StringInfo out, const char *utf8, int len)
{
	int encoding = GetDatabaseEncoding();
	unsigned char converted[MAX_CONVERSION_GROWTH * 4 + 1];
	Oid function;

	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII)
	{
		appendBinaryStringInfo(out, utf8, len);
		return;
	}
	function = IsTransactionState()
				   ? FindDefaultConversionProc(PG_UTF8, encoding)
				   : InvalidOid;
	if (OidIsValid(function) &&
		pg_do_encoding_conversion_buf(
			function, PG_UTF8, encoding,
			unconstify(unsigned char *, (const unsigned char *) utf8), len,
			converted, sizeof(converted), true) == len)
		appendStringInfoString(out, (char *) converted);
	else
		appendStringInfoChar(out, '?');
}
