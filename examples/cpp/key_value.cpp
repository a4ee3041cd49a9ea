/*
 * key_value: a context that carries a value. It is the key's address that counts, so that nobody else can have it
 * by accident, and its type says what the value is.
 *
 *   key_value
 */
#include "example.hpp"

struct named_key {
    const char *name;
    gort::context_key<std::string> key;
};
static const named_key user = {"user", {}};
static const named_key other = {"other", {}};

static void search(const char *name, const gort::context &ctx, const named_key &wanted)
{
    if (const std::string *const value = ctx.value(wanted.key)) {
        std::printf("%s: found key %s, value: %s\n", name, wanted.name, value->c_str());
    } else {
        std::printf("%s: key not found: %s\n", name, wanted.name);
    }
}

int main(int argc, char **argv)
{
    return example::run(argc, argv, "", [](example::arguments &args) {
        args.expect(0, 0);
        const auto ctx = gort::context().with_value(user.key, "mySecretValue");
        const auto child = ctx.with_cancel();
        search("WithValue", ctx, user);
        search("WithValue", ctx, other);
        search("its child", child, user);
        search("TODO", gort::context::todo(), user);
    });
}
