/*
 * wc_walk.h: the directory side of wc.c: names of files, one after the other, from
 * the operands and the directories among them, all the way down.
 *
 * The directories still to be read are a list, not a recursion: a goroutine's stack
 * is small, and a tree can be deep. Symbolic links are followed for operands
 * only. What is neither a regular file nor a directory is skipped.
 *
 * No function here calls into gort, and none is inlined into one that does: see
 * the note on errno in wc_count.h.
 */
#ifndef GORT_WC_WALK_H
#define GORT_WC_WALK_H

#include "wc_count.h"

#include <dirent.h>

struct walk_directory {
    struct walk_directory *next;
    char *path;
};

struct walk {
    char **operands; /* the next one to look at */
    size_t operand_count;
    DIR *open; /* NULL: none */
    char *open_path;
    struct walk_directory *waiting;
};

enum walk_result {
    WALK_FILE,  /* *path is a regular file, *error is 0 */
    WALK_ERROR, /* *path could not be looked at or read */
    WALK_END
};

static inline char *walk_join(const char *directory, const char *name)
{
    size_t length = strlen(directory);
    const char *separator = length > 0 && directory[length - 1] == '/' ? "" : "/";
    size_t size = length + strlen(separator) + strlen(name) + 1;
    char *path = must_alloc(size, 1);
    snprintf(path, size, "%s%s%s", directory, separator, name);
    return path;
}

static inline void walk_add_directory(struct walk *walk, char *path)
{
    struct walk_directory *directory = must_alloc(1, sizeof *directory);
    directory->path = path;
    directory->next = walk->waiting;
    walk->waiting = directory;
}

static inline void walk_close_directory(struct walk *walk)
{
    closedir(walk->open);
    free(walk->open_path);
    walk->open = NULL;
    walk->open_path = NULL;
}

/* Takes over path. True: it is for the caller, as *result says. */
static inline bool walk_look(struct walk *walk, char *path, bool is_operand, enum walk_result *result, int *error)
{
    struct stat status;
    int failed = is_operand ? stat(path, &status) : lstat(path, &status);
    *error = failed != 0 ? errno : 0;
    *result = failed != 0 ? WALK_ERROR : WALK_FILE;
    if (failed != 0 || S_ISREG(status.st_mode)) {
        return true;
    }
    if (S_ISDIR(status.st_mode)) {
        walk_add_directory(walk, path);
    } else {
        free(path);
    }
    return false;
}

/* The next file or error. *path is the caller's to free, but for WALK_END. */
static WC_NOINLINE enum walk_result walk_next(struct walk *walk, char **path, int *error)
{
    enum walk_result result;
    for (;;) {
        if (walk->open != NULL) {
            errno = 0;
            const struct dirent *entry = readdir(walk->open);
            if (entry == NULL && errno != 0) {
                *error = errno;
                *path = walk_join(walk->open_path, "");
                walk_close_directory(walk);
                return WALK_ERROR;
            }
            if (entry == NULL) {
                walk_close_directory(walk);
            } else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
                *path = walk_join(walk->open_path, entry->d_name);
                if (walk_look(walk, *path, false, &result, error)) {
                    return result;
                }
            }
        } else if (walk->waiting != NULL) {
            struct walk_directory *directory = walk->waiting;
            walk->waiting = directory->next;
            char *directory_path = directory->path;
            free(directory);
            walk->open = opendir(directory_path);
            if (walk->open == NULL) {
                *error = errno;
                *path = directory_path;
                return WALK_ERROR;
            }
            walk->open_path = directory_path;
        } else if (walk->operand_count > 0) {
            size_t size = strlen(*walk->operands) + 1;
            *path = memcpy(must_alloc(size, 1), *walk->operands, size);
            walk->operands++;
            walk->operand_count--;
            if (walk_look(walk, *path, true, &result, error)) {
                return result;
            }
        } else {
            return WALK_END;
        }
    }
}

/* For a walk that is given up before its end. */
static inline void walk_free(struct walk *walk)
{
    if (walk->open != NULL) {
        walk_close_directory(walk);
    }
    while (walk->waiting != NULL) {
        struct walk_directory *directory = walk->waiting;
        walk->waiting = directory->next;
        free(directory->path);
        free(directory);
    }
}

#endif
