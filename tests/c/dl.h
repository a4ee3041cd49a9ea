/* What the tests share that load the library themselves. */
#ifndef GORT_TESTS_DL_H
#define GORT_TESTS_DL_H

#define CHECK_WITHOUT_LIBRARY
#include "check.h"

#include <dlfcn.h>

/* Declares name_ as the function of that name in library. */
#define FUNCTION(library, name) \
    __typeof__(&name) name##_ = NULL; \
    load_symbol(library, #name, &name##_)

static inline void *open_library(int flags)
{
    return dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | flags);
}

static inline void load_symbol(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);
    CHECK(symbol != NULL);
    memcpy(function, &symbol, sizeof symbol); /* C has no cast from an object to a function pointer */
}

#endif
