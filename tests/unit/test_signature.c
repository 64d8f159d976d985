#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../workers/signature.h"

/* The vector that the libraries of Standard Webhooks hold themselves to. */
static void the_known_vector_holds(void **)
{
    static const char payload[] = "{\"test\": 2432232314}";
    char out[SIGNATURE_MAX];

    assert_int_equal(signature_make(out, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                    "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, payload,
                                    strlen(payload)),
                     0);
    assert_string_equal(out, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void each_part_changes_it(void **)
{
    static const char key[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    char all[5][SIGNATURE_MAX];

    signature_make(all[0], key, "id", 1, "body", 4);
    signature_make(all[1], key, "ie", 1, "body", 4);
    signature_make(all[2], key, "id", 2, "body", 4);
    signature_make(all[3], key, "id", 1, "bodz", 4);
    signature_make(all[4], "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx", "id", 1, "body", 4);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(all[i], all[k]);
}

static void what_is_no_secret_is_refused(void **)
{
    static const char *const bad[] = {
        "",           "whsec_",     "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8",
        "whsec_####", "whsec_MfK\n"};
    char out[SIGNATURE_MAX], id[500];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(signature_make(out, bad[i], "id", 1, "", 0), -1);
    memset(id, 'a', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    assert_int_equal(
        signature_make(out, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id, 1, "", 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_known_vector_holds),
        cmocka_unit_test(each_part_changes_it),
        cmocka_unit_test(what_is_no_secret_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
