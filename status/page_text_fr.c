#include "page_text.h"

const struct language language_fr = {.code = "fr"};
