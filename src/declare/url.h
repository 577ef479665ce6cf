/*-------------------------------------------------------------------------
 *
 * url.h
 *	  The address of an account or of a proxy.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_URL_H
#define CFDW_URL_H

struct sockaddr;

/* Bytes of an address, with the zero byte behind: no host that can be resolved makes a
 * longer one. */
#define CFDW_URL_SIZE 300

/* What matters of an address. */
typedef struct CfdwUrl
{
	bool secure;   /* https */
	bool loopback; /* its host is this machine, by its name or number alone */
} CfdwUrl;

extern char *cfdw_url_read(const char *text, CfdwUrl *url);
extern char *cfdw_url_canonical(const char *url);
extern bool cfdw_url_is_loopback(const struct sockaddr *address);

#endif /* CFDW_URL_H */
