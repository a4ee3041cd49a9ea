/*
 * unload_running: dlclose while the runtime is there unloads nothing, since its threads are in the
 * code; after gort_shutdown the next dlclose does.
 */
/* run: once */
/* link: dlopen */
#include "dl.h"

static int ran;

static void runs(void *arg)
{
    ATOMIC_ADD((int *)arg, 1);
}

static void start_and_close(void)
{
    void *library = open_library(0);
    CHECK(library != NULL);
    FUNCTION(library, gort_go);
    CHECK_EQ(gort_go_(runs, &ran), GORT_OK);
    CHECK_EQ(dlclose(library), 0);
}

int main(void)
{
    for (int i = 1; i <= 3; i++) {
        start_and_close();
        void *library = open_library(RTLD_NOLOAD);
        CHECK(library != NULL);
        FUNCTION(library, gort_shutdown);
        CHECK_EQ(gort_shutdown_(-1), GORT_OK);
        CHECK_EQ(ATOMIC_GET(&ran), i);
        CHECK_EQ(dlclose(library), 0);
        CHECK(open_library(RTLD_NOLOAD) == NULL);
    }
    start_and_close(); /* and so the process ends */
    return EXIT_SUCCESS;
}
