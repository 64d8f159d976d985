#include "reason.h"

static const struct {
    const char *name, *text;
} reasons[REASON_COUNT] = {
    [REASON_OK] = {"ok", "all as expected"},
    [REASON_DNS_FAILED] = {"dns_failed", "the name could not be resolved"},
    [REASON_CONNECT_REFUSED] = {"connect_refused", "the connection was refused"},
    [REASON_CONNECT_TIMEOUT] = {"connect_timeout", "no connection within the time limit"},
    [REASON_UNREACHABLE] = {"unreachable", "the address cannot be reached"},
    [REASON_TLS_FAILED] = {"tls_failed", "the TLS handshake failed"},
    [REASON_TLS_EXPIRED] = {"tls_expired", "the certificate has expired"},
    [REASON_TLS_NOT_YET_VALID] = {"tls_not_yet_valid", "the certificate is not valid yet"},
    [REASON_TLS_SELF_SIGNED] = {"tls_self_signed", "the certificate is self-signed"},
    [REASON_TLS_UNKNOWN_ISSUER] = {"tls_unknown_issuer",
                                   "the certificate's issuer is unknown"},
    [REASON_TLS_WRONG_HOST] = {"tls_wrong_host", "the certificate is for another name"},
    [REASON_TLS_UNTRUSTED] = {"tls_untrusted", "the certificate is not trusted"},
    [REASON_TIMEOUT] = {"timeout", "no complete answer within the time limit"},
    [REASON_HTTP_CODE] = {"http_code", "an unexpected status code"},
    [REASON_KEYWORD_MISSING] = {"keyword_missing", "the keyword is missing"},
    [REASON_KEYWORD_PRESENT] = {"keyword_present", "a keyword that must not be there"},
    [REASON_BODY_TOO_LARGE] = {"body_too_large", "the keyword is not within the first MiB"},
    [REASON_REDIRECT_LOOP] = {"redirect_loop", "redirected in a circle"},
    [REASON_REDIRECT_LIMIT] = {"redirect_limit", "too many redirects"},
    [REASON_REDIRECT_SCHEME] = {"redirect_scheme", "redirected to something other than HTTP"},
    [REASON_BAD_RESPONSE] = {"bad_response", "the answer is not valid HTTP"},
    [REASON_CONNECTION_LOST] = {"connection_lost", "the connection was closed too early"},
    [REASON_TARGET_REFUSED] = {"target_refused", "the address may not be probed"},
    [REASON_BAD_URL] = {"bad_url", "the URL is not valid"},
    [REASON_SLOW] = {"slow", "slower than the limit"},
    [REASON_NO_DATA] = {"no_data", "nothing was measured"},
    [REASON_INTERNAL] = {"internal", "the check itself failed"},
    [REASON_CANCELLED] = {"cancelled", "the check was cancelled"},
    [REASON_SMTP_REFUSED] = {"smtp_refused", "the mail server refused the message"},
    [REASON_SILENT] = {"silent", "the agent does not answer"},
    [REASON_FAILED] = {"failed", "the app has failed"},
    [REASON_STOPPED] = {"stopped", "the app is stopped"},
    [REASON_UNHEALTHY] = {"unhealthy", "the health check of the app fails"},
    [REASON_STARTING] = {"starting", "the app is starting or stopping"},
    [REASON_MISSING] = {"missing", "the unit or container is not there"},
    [REASON_LIMIT] = {"limit", "a limit of the host is crossed"},
};

static int known(int reason)
{
    return reason >= 0 && reason < REASON_COUNT ? reason : REASON_INTERNAL;
}

const char *reason_name(int reason)
{
    return reasons[known(reason)].name;
}

const char *reason_text(int reason)
{
    return reasons[known(reason)].text;
}
