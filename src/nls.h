/*-------------------------------------------------------------------------
 *
 * nls.h
 *	  Messages come from the extension's own catalog.
 *
 * To be included by each source file, right after postgres.h: what is translated by
 * ereport(), _() and ngettext() is looked up in po/, not among the server's messages.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_NLS_H
#define CFDW_NLS_H

#undef TEXTDOMAIN
#define TEXTDOMAIN PG_TEXTDOMAIN("catalogs_fdw")

#undef _
#define _(text) dgettext(TEXTDOMAIN, text)

#undef ngettext
#define ngettext(one, many, n) dngettext(TEXTDOMAIN, one, many, n)

#endif /* CFDW_NLS_H */
