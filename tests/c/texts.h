/*
 * texts.h: what the library writes about goroutines, as text to search in.
 *
 * Each text stays as it is until the same function is called again. Not for several threads at once
 * (one buffer each). Include after check.h.
 */
#ifndef GORT_TEST_TEXTS_H
#define GORT_TEST_TEXTS_H

enum { LONGEST_TEXT = 1 << 20 };

static inline FILE *new_text(void)
{
    FILE *file = tmpfile();
    CHECK(file != NULL);
    return file;
}

static inline char *end_text(FILE *file, char *text)
{
    rewind(file);
    text[fread(text, 1, LONGEST_TEXT - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* What gort_dump writes. */
static inline char *dump_text(void)
{
    static char text[LONGEST_TEXT];
    FILE *file = new_text();
    CHECK_STATUS(gort_dump(fileno(file)), GORT_OK);
    return end_text(file, text);
}

/* What gort_leaks writes; and what it returns. */
static inline char *leaks_text(ssize_t *count)
{
    static char text[LONGEST_TEXT];
    FILE *file = new_text();
    *count = gort_leaks(fileno(file));
    return end_text(file, text);
}

static inline int count_of(const char *text, const char *needle)
{
    int count = 0;
    for (const char *at = strstr(text, needle); at != NULL; at = strstr(at + 1, needle)) {
        count++;
    }
    return count;
}

#endif
