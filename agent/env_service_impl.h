/* env_service_impl: what the files of env_service share. */
#ifndef AGENT_ENV_SERVICE_IMPL_H
#define AGENT_ENV_SERVICE_IMPL_H

#include "env_mask.h"
#include "env_service.h"
#include "safe_file.h"

#define ETAG_SIZE   33
#define ETAG_ABSENT "absent" /* of a file that is not there */
#define SHOWN_MAX   200      /* keys of `reveal` */

struct env_job {
    const struct conf *conf;
    const struct app *app;
    const json_t *request;
    const char *path, *shown[SHOWN_MAX];
    char *reveal; /* what shown points into */
    struct safe_rule rule;
    struct safe_place place;
    struct safe_file file;
    struct env_text text;
    struct env_mask mask;
    char etag[ETAG_SIZE];
    json_t *answer;
};

/* Set the answer; -1. field, line: what is wrong, or NULL and 0. */
__attribute__((format(printf, 5, 6))) int env_answer_error(struct env_job *job, int status,
                                                           const char *field, int line,
                                                           const char *format, ...);
int env_answer_safe(struct env_job *job, const struct safe_fail *fail);
int env_answer_text(struct env_job *job, const struct env_fail *fail);
void env_answer(struct env_job *job, const char *etag, json_t *body);

void env_etag(const char *bytes, size_t n, char etag[ETAG_SIZE]);

/* Read the file and take it apart: job->file, text, etag. */
int env_job_read(struct env_job *job);

/* The ops that change something; of env_change.c. */
void env_op_write(struct env_job *job);
void env_op_restore(struct env_job *job);

#endif
