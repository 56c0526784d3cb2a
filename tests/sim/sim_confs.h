/* sim_confs.h - texts of configurations, complete, for whoever plays days of traffic */
#pragma once

/* What is shipped (includes rules/all.yaml beside it), one that asks, answers and waits much, and one that
 * holds and is short of patience. */
extern const char sim_shipped[], sim_chatty[], sim_strict[];
/* The chatty one, which forgets after a while. */
extern const char sim_forgetful[];
/* What the reference model knows (tests/sim/model.py, SETTINGS): the defaults, and one that holds. */
extern const char sim_brief[], sim_patient[];
