/* docs_verb.h - what is made of the table of verbs besides help */
#pragma once

struct ctl_verb;

char *ctl_manual(void);			/* doc/headgatectl.1; yours */
int ctl_print_schema(void);		/* of the configuration */
/* The verb whose words are path with its commands, NULL: all; their options and arguments, for programs.  Yours. */
char *ctl_verbs_json(const struct ctl_verb *verb, const char *path);
