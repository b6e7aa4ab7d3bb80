#include "config/yaml_text.h"

#include <stdbool.h>
#include <string.h>

static bool is_plain(const char *text) {
    static const char *const words[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char others[] = "0123456789.-";
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(words[i], text) == 0) return false;
    if (!*text || !strchr(letters, *text)) return false;
    while (*text && (strchr(letters, *text) || strchr(others, *text))) text++;
    return !*text;
}

void yaml_text(const char *text, struct buffer *out) {
    struct buffer value;
    if (is_plain(text)) {
        buffer_text(out, text);
        return;
    }
    buffer_init(&value);
    for (; *text; text++) {
        if (text[0] == '$' && text[1] == '{') buffer_byte(&value, '$');
        buffer_byte(&value, *text);
    }
    buffer_json(out, buffer_view(&value));
    buffer_release(&value);
}
