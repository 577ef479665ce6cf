/*-------------------------------------------------------------------------
 *
 * words.h
 *	  The account's own words, fit for a message.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_WORDS_H
#define CFDW_WORDS_H

extern char *cfdw_words_clean(const char *text, size_t len);
extern bool cfdw_words_is_page(const char *body, size_t len);
extern char *cfdw_words_page(const char *body, size_t len,
							 const char *content_type);

#endif /* CFDW_WORDS_H */
