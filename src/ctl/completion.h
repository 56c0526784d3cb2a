/* completion.h - inside of the verb completion */
#pragma once
#include "ctl.h"

/* ---- completion_scripts.c: each script is yours ---- */
char *ctl_completion_bash(void);
char *ctl_completion_zsh(void);
char *ctl_completion_fish(void);
