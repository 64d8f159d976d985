/*
 * notify: what the service manager is told (sd_notify(3), without its library).
 */
#ifndef TOCSIND_NOTIFY_H
#define TOCSIND_NOTIFY_H

/* "READY=1", "STOPPING=1", "WATCHDOG=1", lines joined by "\n". Nothing happens when nobody
 * asked ($NOTIFY_SOCKET). */
void notify(const char *state);

/* RELOADING=1 with the time it needs. */
void notify_reloading(void);

#endif
