/* db_verbs.h - verbs below db that have a file of their own */
#pragma once
#include "verb.h"
#include "ctl.h"

extern const struct ctl_verb ctl_verb_db_copy;
