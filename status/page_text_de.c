#include "page_text.h"

const struct language language_de = {.code = "de"};
