/*
 * fetch_mail: the same handle for a message to a mail server.
 */
#include "fetch_impl.h"

#include <stdio.h>
#include <string.h>

static size_t on_read(char *out, size_t size, size_t count, void *arg)
{
    struct fetch_job *job = arg;
    size_t n = job->body_len - job->body_sent;

    if (n > size * count)
        n = size * count;
    memcpy(out, job->body + job->body_sent, n);
    job->body_sent += n;
    return n;
}

static int on_seek(void *arg, curl_off_t offset, int origin)
{
    struct fetch_job *job = arg;

    if (origin != SEEK_SET || offset < 0 || (size_t)offset > job->body_len)
        return CURL_SEEKFUNC_FAIL;
    job->body_sent = offset;
    return CURL_SEEKFUNC_OK;
}

int fetch_set_mail(struct fetch_job *job, const struct fetch_request *q)
{
    static const long tls[] = {[STARTTLS_REQUIRED] = CURLUSESSL_ALL,
                               [STARTTLS_IF_OFFERED] = CURLUSESSL_TRY,
                               [STARTTLS_OFF] = CURLUSESSL_NONE};
    const struct fetch_mail *m = q->mail;
    CURL *e = job->easy;

    job->plain = false;
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(e, CURLOPT_READDATA, job);
    curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(e, CURLOPT_SEEKDATA, job);
    curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)job->body_len);
    curl_easy_setopt(e, CURLOPT_MAIL_FROM, m->from);
    curl_easy_setopt(e, CURLOPT_MAIL_RCPT, m->to);
    /* one bad address does not take the mail from the others */
    curl_easy_setopt(e, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    curl_easy_setopt(e, CURLOPT_USE_SSL, tls[m->starttls]);
    if (m->user) {
        curl_easy_setopt(e, CURLOPT_USERNAME, m->user);
        curl_easy_setopt(e, CURLOPT_PASSWORD, m->password ? m->password : "");
    }
    if (m->ca_file)
        curl_easy_setopt(e, CURLOPT_CAINFO, m->ca_file);
    job->flags |= FETCH_KEEP_HEADERS; /* the server's replies */
    return 0;
}
