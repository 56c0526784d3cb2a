/* docs_verb.h - what is made of the table of verbs besides help */
#pragma once

char *ctl_manual(void);			/* doc/headgatectl.1; yours */
int ctl_print_schema(void);		/* of the configuration */
char *ctl_verbs_json(void);		/* all verbs with their options and arguments, for programs; yours */
