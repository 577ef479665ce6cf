/*-------------------------------------------------------------------------
 *
 * phrase.h
 *	  What a phrase of an account's says.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_PHRASE_H
#define CFDW_PHRASE_H

/* The account's code for a list that it does not have. */
#define CFDW_CODE_GONE 282

extern int cfdw_phrase_code(const char *text);
extern bool cfdw_phrase_says_absent(const char *text);
extern bool cfdw_phrase_is_absence(const char *text);
extern bool cfdw_phrase_is_about_size(const char *text);
extern bool cfdw_phrase_is(const char *text, size_t len, const char *other);

#endif /* CFDW_PHRASE_H */
