/* alarm.h - how well the channel is, of what all its sides know */
#pragma once

struct email;

void email_alarm_start(struct email *e);
void email_report(struct email *e);	/* something may have changed */
