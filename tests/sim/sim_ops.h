/* sim_ops.h - the steps of a history, as sim_history.c draws them; private to the simulation */
#pragma once
#include "sim.h"

enum { OP_SAY, OP_AGAIN, OP_MUCH, OP_ABOUT, OP_AGENT, OP_SORTS, OP_HELPDESK, OP_OPERATOR, OP_OUTSIDE, OP_WIRES, OP_MOOD,
	OP_CONDITION, OP_SECONDS, OP_HOURS, OP_DAYS, OP_EDGE, OP_DOWN, OP_STRIKE, OP_RELOAD, OP_RESTART, OP_PIECES, OP_VISITOR,
	OP_TELLS, N_OPS };

void sim_say(hg_sim *sim, const struct step *step);
void sim_say_again(hg_sim *sim, const struct step *step);
void sim_say_much(hg_sim *sim, const struct step *step);
void sim_say_about(hg_sim *sim, const struct step *step);
void sim_say_pieces(hg_sim *sim, const struct step *step);
void sim_agent(hg_sim *sim, const struct step *step);
void sim_agent_sorts(hg_sim *sim, const struct step *step);
void sim_visitor(hg_sim *sim, const struct step *step);
void sim_helpdesk(hg_sim *sim, const struct step *step);
void sim_desk_tells(hg_sim *sim, const struct step *step);
void sim_operator(hg_sim *sim, const struct step *step);
void sim_ask_free(void *ask);
void sim_agents_forgotten(hg_sim *sim);	/* their calls went down with the process */
