/*
 * tls: TLS 1.3, certificates both ways. A client is the control plane or nobody: its
 * certificate must come from the one authority in ca.pem, be made for clients and bear the
 * control plane's name.
 */
#ifndef AGENT_TLS_H
#define AGENT_TLS_H

#include "agent_conf.h"

#include <openssl/ssl.h>

#define TLS_CONTROL_NAME "control.tocsin"

/* From key.pem, cert.pem and ca.pem of conf->state_dir; *not_after: when the certificate
 * ends, unix s. NULL: said in the log. */
SSL_CTX *tls_new(const struct conf *conf, long *not_after);

/* unix s of an ASN.1 time, 0 when it is none */
long tls_time(const ASN1_TIME *t);

#endif
