/*
 * key_value: a context that carries a value. Keys are compared as pointers, so the
 * address of a static object makes a key nobody else can have by accident.
 *
 *   key_value
 */
#include "example.h"

static const char user_key[] = "user";
static const char other_key[] = "other";

static void search(const char *name, gort_ctx *ctx, const char *key)
{
    const char *value = gort_ctx_value(ctx, key);
    if (value != NULL) {
        printf("%s: found key %s, value: %s\n", name, key, value);
    } else {
        printf("%s: key not found: %s\n", name, key);
    }
}

static void main_goroutine(void *arg)
{
    (void)arg;
    char value[] = "mySecretValue";
    gort_ctx *ctx = gort_ctx_with_value(gort_ctx_background(), user_key, value, NULL);
    gort_ctx *child = gort_ctx_with_cancel(ctx);

    search("WithValue", ctx, user_key);
    search("WithValue", ctx, other_key);
    search("its child", child, user_key);
    search("TODO", gort_ctx_todo(), user_key);

    gort_ctx_release(child);
    gort_ctx_release(ctx);
}

int main(int argc, char **argv)
{
    if (argc != 1) {
        return usage(argv[0], "");
    }
    return run_main(main_goroutine, NULL);
}
