/* docs.h - what the option tables say, as JSON Schema, commented sample and man page
 *
 * adapters: NULL-ended, in the order they are to appear; NULL for none.  All return text that is
 * yours to free; none of it depends on the machine or the paths of the build. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

/* JSON Schema 2020-12 of the whole file, for editors. */
char *hg_docs_schema(const struct hg_adapter *const *adapters);
/* headgate.yaml with every option, its default and what it is for; loads as it is. */
char *hg_docs_sample(const struct hg_adapter *const *adapters);
/* headgate.yaml(5) in mdoc. */
char *hg_docs_man(const struct hg_adapter *const *adapters);

/* Schema of the list under rules: (a JSON object, compact, with $defs of its own), lent by whoever knows the
 * rule language for the calls of hg_docs_schema() that follow.  NULL: any list of maps. */
extern const char *hg_docs_rules_schema;
/* The same for the list under tests:. */
extern const char *hg_docs_tests_schema;
