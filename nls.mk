# Messages in other languages, by PostgreSQL's rules for them (nls-global.mk of PGXS).
# `make update-po` merges new messages into po/*.po.new.

CATALOG_NAME = catalogs_fdw

# Without msgfmt (Debian's package gettext) there are none.  From PostgreSQL 16 on PGXS
# asks po/LINGUAS, which names them as well.
override AVAIL_LANGUAGES = $(if $(shell command -v msgfmt),$(patsubst po/%.po,%,$(wildcard po/*.po)))

GETTEXT_FILES = $(sort $(wildcard src/*/*.c))
GETTEXT_TRIGGERS = $(BACKEND_COMMON_GETTEXT_TRIGGERS) gettext_noop gettext_noop_plural:1,2 ngettext:1,2
GETTEXT_FLAGS = $(BACKEND_COMMON_GETTEXT_FLAGS) ngettext:1:c-format ngettext:2:c-format \
	gettext_noop_plural:1:c-format gettext_noop_plural:2:c-format
