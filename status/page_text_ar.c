#include "page_text.h"

const struct language language_ar = {.code = "ar"};
