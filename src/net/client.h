/*-------------------------------------------------------------------------
 *
 * client.h
 *	  What the client can be shown.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_CLIENT_H
#define CFDW_CLIENT_H

extern void cfdw_client_prepare(void);
extern bool cfdw_client_shows_all(void);
extern bool cfdw_client_can_show(const char *text);
extern char *cfdw_client_showable(char *text);

#endif /* CFDW_CLIENT_H */
