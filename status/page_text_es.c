#include "page_text.h"

const struct language language_es = {.code = "es"};
