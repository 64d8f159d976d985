/*
 * reason: why a check ended as it did. Every check ends once, for one of these.
 *
 * The numbers are stored with each check and never change; sql/shared/reason.sql has the
 * same list, and a test holds the two together. Add at the end.
 */
#ifndef TOCSIN_REASON_H
#define TOCSIN_REASON_H

enum reason {
    REASON_OK = 0,
    REASON_DNS_FAILED = 1,
    REASON_CONNECT_REFUSED = 2,
    REASON_CONNECT_TIMEOUT = 3,
    REASON_UNREACHABLE = 4,
    REASON_TLS_FAILED = 5,
    REASON_TLS_EXPIRED = 6,
    REASON_TLS_NOT_YET_VALID = 7,
    REASON_TLS_SELF_SIGNED = 8,
    REASON_TLS_UNKNOWN_ISSUER = 9,
    REASON_TLS_WRONG_HOST = 10,
    REASON_TLS_UNTRUSTED = 11,
    REASON_TIMEOUT = 12,
    REASON_HTTP_CODE = 13,
    REASON_KEYWORD_MISSING = 14,
    REASON_KEYWORD_PRESENT = 15,
    REASON_BODY_TOO_LARGE = 16,
    REASON_REDIRECT_LOOP = 17,
    REASON_REDIRECT_LIMIT = 18,
    REASON_REDIRECT_SCHEME = 19,
    REASON_BAD_RESPONSE = 20,
    REASON_CONNECTION_LOST = 21,
    REASON_TARGET_REFUSED = 22,
    REASON_BAD_URL = 23,
    REASON_SLOW = 24,
    REASON_NO_DATA = 25,
    REASON_INTERNAL = 26,
    REASON_CANCELLED = 27,
    REASON_SMTP_REFUSED = 28,
    REASON_SILENT = 29,
    REASON_FAILED = 30,
    REASON_STOPPED = 31,
    REASON_UNHEALTHY = 32,
    REASON_STARTING = 33,
    REASON_MISSING = 34,
    REASON_LIMIT = 35,
    REASON_COUNT
};

/* The word in JSON ("dns_failed") and a sentence's worth for people ("the name could not
 * be resolved"); both static, "internal" for a number that is none. */
const char *reason_name(int reason);
const char *reason_text(int reason);

#endif
