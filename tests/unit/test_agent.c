/* The agent's parsers: command lines, addresses, paths, answers of systemd, Docker and HTTP.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "action.h"
#include "addr.h"
#include "argv.h"
#include "cgroup.h"
#include "docker.h"
#include "enrol.h"
#include "fetch_parse.h"
#include "proc.h"
#include "route.h"
#include "systemd.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void a_command_line_is_words_and_nothing_else(void **)
{
    static const struct {
        const char *line, *words; /* joined by '|'; NULL: refused */
    } cases[] = {
        {"/bin/true", "/bin/true"},
        {"  /bin/a  b\tc ", "/bin/a|b|c"},
        {"/bin/a 'b c' \"d e\"", "/bin/a|b c|d e"},
        {"/bin/a b'c d'e", "/bin/a|bc de"},
        {"/bin/a \"b\\\"c\" 'd\\e' f\\ g", "/bin/a|b\"c|d\\e|f g"},
        {"/bin/a '' \"\"", "/bin/a||"},
        {"/bin/a $X * ; | > `b`", "/bin/a|$X|*|;|||>|`b`"},
        {"/bin/a \\", "/bin/a|\\"},
        {"", NULL},
        {"   ", NULL},
        {"true", NULL},
        {"./true", NULL},
        {"/bin/a 'b", NULL},
        {"/bin/a \"b\\\"", NULL},
    };
    char said[256], many[1024] = "/a";
    const char *why;

    for (size_t i = 0; i < N(cases); i++) {
        char **argv = argv_split(cases[i].line, &why);

        if (!cases[i].words) {
            assert_null(argv);
            assert_non_null(why);
            continue;
        }
        assert_non_null(argv);
        said[0] = '\0';
        for (char **w = argv; *w; w++)
            snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s%s",
                     w == argv ? "" : "|", *w);
        assert_string_equal(said, cases[i].words);
        free(argv);
    }
    for (int i = 0; i < ARGV_MAX; i++)
        strcat(many, " b");
    assert_null(argv_split(many, &why));
}

static void addresses_are_numbers(void **)
{
    static const struct {
        const char *text;
        int port;
        const char *says; /* NULL: refused */
        bool is_private;
    } cases[] = {
        {"10.0.0.4:7443", 0, "10.0.0.4:7443", true},
        {"127.0.0.1", 80, "127.0.0.1:80", true},
        {"localhost:1", 0, "127.0.0.1:1", true},
        {"[fd00::4]:7443", 0, "[fd00::4]:7443", true},
        {"[::1]", 5, "[::1]:5", true},
        {"172.15.255.255:1", 0, "172.15.255.255:1", false},
        {"172.16.0.0:1", 0, "172.16.0.0:1", true},
        {"172.31.255.255:1", 0, "172.31.255.255:1", true},
        {"172.32.0.0:1", 0, "172.32.0.0:1", false},
        {"192.168.0.1:1", 0, "192.168.0.1:1", true},
        {"192.169.0.1:1", 0, "192.169.0.1:1", false},
        {"100.64.0.1:1", 0, "100.64.0.1:1", true},
        {"100.128.0.1:1", 0, "100.128.0.1:1", false},
        {"169.254.169.254:80", 0, "169.254.169.254:80", false},
        {"0.0.0.0:1", 0, "0.0.0.0:1", false},
        {"8.8.8.8:53", 0, "8.8.8.8:53", false},
        {"[::]:1", 0, "[::]:1", false},
        {"[fe80::1]:1", 0, "[fe80::1]:1", false},
        {"[2001:db8::1]:1", 0, "[2001:db8::1]:1", false},
        {"[::ffff:10.0.0.1]:1", 0, "[::ffff:10.0.0.1]:1", true},
        {"[::ffff:8.8.8.8]:1", 0, "[::ffff:8.8.8.8]:1", false},
        {"10.0.0.4", 0, NULL, false},
        {"10.0.0.4:", 0, NULL, false},
        {"10.0.0.4:-1", 0, NULL, false},
        {"10.0.0.4:65536", 0, NULL, false},
        {"10.0.0.4:1x", 0, NULL, false},
        {"10.0.0:1", 0, NULL, false},
        {"167772164:1", 0, NULL, false},
        {"fd00::4:1", 0, NULL, false},
        {"[fd00::4", 1, NULL, false},
        {"[fd00::4]x", 1, NULL, false},
        {"[fe80::1%1]:1", 0, NULL, false},
        {"example.org:80", 0, NULL, false},
        {"", 80, NULL, false},
    };
    char text[ADDR_TEXT];
    struct addr a;

    for (size_t i = 0; i < N(cases); i++) {
        if (addr_parse(&a, cases[i].text, cases[i].port)) {
            if (cases[i].says)
                fail_msg("'%s' is refused", cases[i].text);
            continue;
        }
        if (!cases[i].says)
            fail_msg("'%s' is taken for %s", cases[i].text, addr_text(&a, text));
        assert_string_equal(addr_text(&a, text), cases[i].says);
        if (addr_is_private(&a) != cases[i].is_private)
            fail_msg("'%s' is%s private", text, cases[i].is_private ? " not" : "");
    }
}

static void a_path_fits_a_pattern_whole(void **)
{
    static const struct {
        const char *pattern, *path;
        bool fits;
        const char *app, *word;
    } cases[] = {
        {"/v1/state", "/v1/state", true, "", ""},
        {"/v1/state", "/v1/stat", false, "", ""},
        {"/v1/state", "/v1/state/", false, "", ""},
        {"/v1/apps/{app}/start", "/v1/apps/my.app-1/start", true, "my.app-1", ""},
        {"/v1/apps/{app}/start", "/v1/apps//start", false, "", ""},
        {"/v1/apps/{app}/start", "/v1/apps/../start", false, "", ""},
        {"/v1/apps/{app}/start", "/v1/apps/a%20b/start", false, "", ""},
        {"/v1/apps/{app}/start", "/v1/apps/a;b/start", false, "", ""},
        {"/v1/apps/{app}/env/{word}", "/v1/apps/a/env/main", true, "a", "main"},
        {"/v1/apps/{app}/env/{word}", "/v1/apps/a/env/.env", false, "", ""},
        {"/v1/apps/{app}/env/{word}", "/v1/apps/a/env/", false, "", ""},
        {"/v1/apps/{app}/env/{word}", "/v1/apps/a/env/b/c", false, "", ""},
    };
    char path[400] = "/v1/apps/", allow[64];
    struct route_match m;

    for (size_t i = 0; i < N(cases); i++) {
        memset(&m, 0, sizeof(m));
        if (!!route_fits(&m, cases[i].pattern, cases[i].path) != cases[i].fits)
            fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].path);
        if (!cases[i].fits)
            continue;
        assert_string_equal(m.app, cases[i].app);
        assert_string_equal(m.word[0], cases[i].word);
    }
    memset(path + 9, 'a', ROUTE_WORD_MAX + 1);
    strcpy(path + 9 + ROUTE_WORD_MAX + 1, "/start");
    assert_false(route_fits(&m, "/v1/apps/{app}/start", path));
    assert_string_equal(route_allow(EVHTTP_REQ_PUT | EVHTTP_REQ_GET, allow), "GET, PUT");
}

static void gather(void *arg, const char *bytes, size_t n)
{
    strncat(arg, bytes, n);
}

static void an_answer_is_the_same_in_one_piece_and_in_bytes(void **)
{
    static const struct {
        const char *text;
        enum fetch_at at; /* after the connection's end */
        int status;
        const char *body;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", FETCH_DONE, 200, "abc"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", FETCH_DONE, 200, "abc"},
        {"HTTP/1.0 404 Not here\n\nabc", FETCH_DONE, 404, "abc"},
        {"HTTP/1.1 204 X\r\n\r\n", FETCH_DONE, 204, ""},
        {"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n", FETCH_DONE, 200, ""},
        {"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 X\r\n\r\nabc", FETCH_DONE, 200, "abc"},
        {"HTTP/1.1 200 X\r\nTransfer-Encoding: "
         "chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nX: "
         "y\r\n\r\n",
         FETCH_DONE, 200, "abc"},
        {"HTTP/1.1 200 X\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         FETCH_DONE, 200, ""},
        {"", FETCH_WRONG, 0, ""},
        {"HTTP/1.1 200 X\r\n", FETCH_WRONG, 200, ""},
        {"HTTP/1.1 200 X\r\nContent-Length: 4\r\n\r\nabc", FETCH_WRONG, 200, "abc"},
        {"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", FETCH_WRONG, 200,
         "ab"},
        {"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", FETCH_WRONG, 200,
         "ab"},
        {"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nab", FETCH_WRONG, 200, ""},
        {"HTTP/1.1 200 X\r\nContent-Length: -3\r\n\r\nabc", FETCH_WRONG, 200, ""},
        {"HTTP/1.1 200 X\r\nContent-Length: 99999999999999999999\r\n\r\n", FETCH_WRONG, 200,
         ""},
        {"HTTP/1.1 2000 X\r\n\r\n", FETCH_WRONG, 0, ""},
        {"HTTP/2 200\r\n\r\n", FETCH_WRONG, 0, ""},
        {"SSH-2.0-x\r\n", FETCH_WRONG, 0, ""},
        {"HTTP/1.1 200 X\r\nnonsense\r\n\r\n", FETCH_WRONG, 200, ""},
    };
    static struct fetch_parse p;
    char body[64];

    for (size_t i = 0; i < N(cases); i++)
        for (size_t step = 1; step <= 1000; step += 999) {
            size_t len = strlen(cases[i].text);

            p = (struct fetch_parse){.body = gather, .arg = body};
            body[0] = '\0';
            for (size_t at = 0; at < len; at += step)
                fetch_feed(&p, cases[i].text + at, len - at < step ? len - at : step);
            fetch_eof(&p);
            if (p.at != cases[i].at || p.status != cases[i].status ||
                strcmp(body, cases[i].body))
                fail_msg("case %zu in steps of %zu: at %d, status %d, '%s'", i, step, p.at,
                         p.status, body);
            assert_true((p.at == FETCH_WRONG) == (p.error != NULL));
        }
}

static void blocks_of_systemctl_are_facts_in_order(void **)
{
    static const char text[] =
        "Id=a.service\nLoadState=loaded\nActiveState=active\nNRestarts=2\n"
        "ControlGroup=/system.slice/a.service\nnonsense\n=\nMainPID=0\n"
        "\n"
        "ActiveState=failed\nExecMainCode=2\nExecMainStatus=15\n"
        "NRestarts=[not set]\nControlGroup=/../x\n"
        "\n"
        "LoadState=not-found\nActiveState=inactive\n";
    struct facts f[3], *of[3] = {&f[0], &f[1], &f[2]};

    for (int i = 0; i < 3; i++)
        facts_clear(&f[i]);
    assert_int_equal(systemd_parse(text, of, 3), 3);
    assert_string_equal(f[0].state, "running");
    assert_int_equal(f[0].restarts, 2);
    assert_int_equal(f[0].pid, -1);
    assert_string_equal(f[0].cgroup.unified, "/system.slice/a.service");
    assert_string_equal(f[1].state, "failed");
    assert_int_equal(f[1].exit_signal, 15);
    assert_int_equal(f[1].restarts, -1);
    assert_string_equal(f[1].cgroup.unified, "");
    assert_string_equal(f[2].state, "missing");
    facts_clear(&f[0]);
    assert_int_equal(systemd_parse("", of, 3), 0);
    assert_int_equal(systemd_parse("\n\n\n", of, 3), 0);
    assert_int_equal(systemd_parse("A=b\n\nA=b\n\nA=b\n\nA=b\n", of, 3), 3);
}

static void docker_may_be_asked_this_and_nothing_else(void **)
{
    static const struct {
        const char *method, *call;
        bool may;
    } cases[] = {
        {"GET", "json", true},        {"GET", "stats", true},      {"GET", "logs", true},
        {"POST", "restart", true},    {"POST", "start", true},     {"POST", "stop", true},
        {"POST", "json", false},      {"GET", "restart", false},   {"POST", "exec", false},
        {"POST", "kill", false},      {"GET", "archive", false},   {"PUT", "archive", false},
        {"DELETE", "", false},        {"GET", "../x/json", false}, {"POST", "update", false},
        {"GET", "json?x=/..", false}, {"POST", "attach", false},
    };
    struct facts f;

    for (size_t i = 0; i < N(cases); i++)
        assert_int_equal(docker_allowed(cases[i].method, cases[i].call), cases[i].may);
    assert_int_equal(docker_time("2026-11-21T09:58:43.123456789Z"), 1795255123);
    assert_int_equal(docker_time("2026-11-21T09:58:43Z"), 1795255123);
    assert_int_equal(docker_time("0001-01-01T00:00:00Z"), 0);
    assert_int_equal(docker_time("yesterday"), 0);
    assert_int_equal(docker_time(NULL), 0);
    facts_clear(&f);
    assert_int_equal(docker_parse("[]", 2, &f), -1);
    assert_int_equal(docker_parse_stats("{}", 2, &f), -1);
}

static void ids_and_tokens_are_what_they_look_like(void **)
{
    static const char secret[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    struct enrol_token t;
    char text[200];

    assert_true(action_id_ok("0190a5c4-3b1e-7abc-8def-0123456789ab"));
    assert_true(action_id_ok("0190A5C4-3B1E-7ABC-8DEF-0123456789AB"));
    assert_false(action_id_ok("0190a5c4-3b1e-7abc-8def-0123456789a"));
    assert_false(action_id_ok("0190a5c4-3b1e-7abc-8def-0123456789abc"));
    assert_false(action_id_ok("0190a5c43b1e7abc8def0123456789abcdef"));
    assert_false(action_id_ok("0190a5c4-3b1e-7abc-8def-0123456789ag"));
    assert_false(action_id_ok(""));
    snprintf(text, sizeof(text), "tce_ab-C_9.%s.%s", secret, secret);
    assert_int_equal(enrol_token_parse(text, &t), 0);
    assert_string_equal(t.id, "ab-C_9");
    assert_string_equal(t.pin, secret);
    assert_int_equal(t.key[0], 0x0f); /* SHA-256 of the secret's text */
    text[strlen(text) - 1] = '=';
    assert_int_equal(enrol_token_parse(text, &t), -1);
    assert_int_equal(enrol_token_parse("tce_.a.b", &t), -1);
    assert_int_equal(enrol_token_parse("", &t), -1);
}

static void numbers_are_found_by_their_key(void **)
{
    static const char text[] = "MemTotal:   12 kB\nMem: 3\nMemTotalX 4\nlast 5";
    uint64_t n = 0;

    assert_true(text_number(text, "MemTotal", &n) && n == 12);
    assert_true(text_number(text, "Mem", &n) && n == 3);
    assert_true(text_number(text, "last", &n) && n == 5);
    assert_false(text_number(text, "Total", &n));
    assert_false(text_number("a b", "a", &n));
    assert_null(text_next("no end"));
    assert_null(text_next("last\n"));
    assert_string_equal(text_next("a\nb"), "b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_line_is_words_and_nothing_else),
        cmocka_unit_test(addresses_are_numbers),
        cmocka_unit_test(a_path_fits_a_pattern_whole),
        cmocka_unit_test(an_answer_is_the_same_in_one_piece_and_in_bytes),
        cmocka_unit_test(blocks_of_systemctl_are_facts_in_order),
        cmocka_unit_test(docker_may_be_asked_this_and_nothing_else),
        cmocka_unit_test(ids_and_tokens_are_what_they_look_like),
        cmocka_unit_test(numbers_are_found_by_their_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
