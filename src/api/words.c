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

#include "access/xact.h"
#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "api/words.h"

/* The account's words are shortened to this many bytes. */
#define MAX_WORDS 500

/* Of a page in HTML this many bytes are searched for its title. */
#define MAX_PAGE 4096

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
 * The title of a page in HTML, or the first words of any other text; NULL when
 * there are none.
 */
char *
cfdw_words_page(const char *body, size_t len)
{
	char *page = pnstrdup(body, Min(len, MAX_PAGE));
	char *title = strstr(page, "<title>");
	char *end = title != NULL ? strstr(title, "</title>") : NULL;
	char *words;

	if (end != NULL)
	{
		title += strlen("<title>");
		words = cfdw_words_clean(title, end - title);
	}
	else
		words = cfdw_words_clean(page, strlen(page));
	return words[0] != '\0' ? words : NULL;
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
