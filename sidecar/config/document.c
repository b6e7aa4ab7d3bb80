#include "config/document.h"

#include <limits.h>
#include <yaml.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "config/variables.h"

struct builder {
    yaml_parser_t parser;
    struct arena *arena;
    struct problems *problems;
    const char *text;
    size_t len;
    size_t expanded; /* of all values with variables, so far */
};

static struct position at_mark(yaml_mark_t mark) {
    return (struct position){(int)mark.line + 1, (int)mark.column + 1};
}

static struct position at_offset(const char *text, size_t offset) {
    struct position position = {1, 1};
    for (size_t i = 0; i < offset; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n') {
            position.line++;
            position.column = 1;
        } else if ((c & 0xc0) != 0x80) { /* not inside a character */
            position.column++;
        }
    }
    return position;
}

/* Does the line around `offset` hold `what`? */
static bool line_holds(const struct builder *builder, size_t offset, const char *what) {
    if (offset > builder->len) offset = builder->len;
    size_t start = offset, end = offset;
    while (start > 0 && builder->text[start - 1] != '\n') start--;
    while (end < builder->len && builder->text[end] != '\n') end++;
    return memmem(builder->text + start, end - start, what, strlen(what)) != NULL;
}

static void hint_syntax(struct builder *builder, size_t offset) {
    if (line_holds(builder, offset, "${"))
        problems_hint(builder->problems, "put a value with a variable in quotes: \"${NAME}\"");
    else if (line_holds(builder, offset, "\t"))
        problems_hint(builder->problems, "indent with blanks, not with tabs");
}

static void report_syntax(struct builder *builder) {
    const yaml_parser_t *parser = &builder->parser;
    const char *what = parser->problem ? parser->problem : "out of memory";
    if (parser->error == YAML_READER_ERROR || parser->error == YAML_MEMORY_ERROR) {
        problems_add(builder->problems, at_offset(builder->text, parser->problem_offset), "not YAML: %s",
                     what);
        return;
    }
    const char *comma = parser->context ? ", " : "", *context = parser->context ? parser->context : "";
    problems_add(builder->problems, at_mark(parser->problem_mark), "not YAML: %s%s%s", what, comma, context);
    /* The mark counts characters; for finding the line that is near enough only in ASCII, so go by lines. */
    size_t offset = 0;
    for (size_t line = 0; line < parser->problem_mark.line && offset < builder->len; offset++)
        if (builder->text[offset] == '\n') line++;
    hint_syntax(builder, offset);
}

static bool next_event(struct builder *builder, yaml_event_t *event) {
    if (yaml_parser_parse(&builder->parser, event)) return true;
    report_syntax(builder);
    return false;
}

static struct node *new_node(struct builder *builder, enum node_kind kind, const yaml_event_t *event) {
    struct node *node = arena_alloc(builder->arena, sizeof *node);
    struct position position = at_mark(event->start_mark);
    *node = (struct node){.kind = kind, .position = position, .named = position};
    return node;
}

static void refuse_extras(struct builder *builder, struct position position, const yaml_char_t *anchor,
                          const yaml_char_t *tag) {
    if (anchor) {
        problems_add(builder->problems, position, "anchors such as \"&%s\" are not supported", anchor);
        problems_hint(builder->problems,
                      "write the value out; what all inputs share goes under \"defaults\"");
    }
    if (tag) {
        problems_add(builder->problems, position, "tags such as %s are not supported",
                     node_quote((const char *)tag, builder->arena));
        problems_hint(builder->problems, "leave it out: types follow from the setting");
    }
}

static struct node *read_scalar(struct builder *builder, const yaml_event_t *event) {
    struct node *node = new_node(builder, NODE_SCALAR, event);
    const char *value = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    refuse_extras(builder, node->position, event->data.scalar.anchor, event->data.scalar.tag);
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->written = arena_copy(builder->arena, (struct span){value, len + 1}).data;
    node->text = node->written;
    if (memchr(value, '\0', len)) {
        problems_add(builder->problems, node->position, "a value cannot contain a NUL");
        node->text = NULL;
    }
    return node;
}

static struct node *read_alias(struct builder *builder, const yaml_event_t *event) {
    struct node *node = new_node(builder, NODE_SCALAR, event);
    problems_add(builder->problems, node->position, "aliases such as \"*%s\" are not supported",
                 event->data.alias.anchor);
    problems_hint(builder->problems, "write the value out; what all inputs share goes under \"defaults\"");
    node->written = "*";
    return node;
}

/* Together they may become a thousand times as long as the file. What is beyond the bound is not read any
 * more, and one problem is enough to say so. */
static bool refuse_expanded(struct builder *builder, const struct node *node, size_t before) {
    if (builder->expanded <= DOCUMENT_EXPANDED) return false;
    if (before <= DOCUMENT_EXPANDED)
        problems_add(builder->problems, node->position,
                     "all values with variables, up to this one, are longer than 1 MiB");
    return true;
}

static void expand(struct builder *builder, struct node *node) {
    if (node->kind != NODE_SCALAR || !node->text || !variables_any(node->text)) return;
    struct buffer value;
    buffer_init(&value);
    size_t before = builder->expanded;
    bool good = before <= DOCUMENT_EXPANDED &&
                variables_expand(node->written, node->position, &value, builder->problems);
    builder->expanded += value.len;
    if (refuse_expanded(builder, node, before)) good = false;
    buffer_byte(&value, '\0');
    node->text = good ? arena_copy(builder->arena, buffer_view(&value)).data : NULL;
    node->plain = false; /* an empty value is an empty text, not nothing */
    buffer_release(&value);
}

static const struct node *find_key(const struct node *map, const char *key) {
    for (const struct node *entry = map->first; entry; entry = entry->next)
        if (strcmp(entry->written, key) == 0) return entry;
    return NULL;
}

/* Is this a good key of the map, which does not have it yet? */
static bool check_key(struct builder *builder, const struct node *map, const struct node *key) {
    if (key->kind != NODE_SCALAR) {
        problems_add(builder->problems, key->position, "a key must be a name, not a %s",
                     key->kind == NODE_LIST ? "list" : "map");
        return false;
    }
    if (!key->text) return false;
    const char *name = node_quote(key->written, builder->arena);
    if (variables_any(key->written)) {
        problems_add(builder->problems, key->position, "the key %s cannot hold a variable: only values can",
                     name);
        return false;
    }
    const struct node *first = find_key(map, key->written);
    if (first)
        problems_add(builder->problems, key->position, "the key %s is given twice (first in line %d)", name,
                     first->position.line);
    return !first;
}

static struct node *read_node(struct builder *builder, const yaml_event_t *event, int depth);

/* The next node of a list or map; sets *end when there is none left. NULL then, and when the reading must
 * stop. */
static struct node *read_child(struct builder *builder, int depth, bool *end) {
    yaml_event_t event;
    if (!next_event(builder, &event)) return NULL;
    *end = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
    struct node *node = *end ? NULL : read_node(builder, &event, depth);
    yaml_event_delete(&event);
    return node;
}

/* Fills a list or map with its children; false when the reading must stop. */
static bool read_children(struct builder *builder, struct node *parent, int depth) {
    struct node **tail = &parent->first;
    for (int width = 0;; width++) {
        bool end = false, good = true;
        struct node *child = read_child(builder, depth, &end);
        if (!child) return end;
        if (width == DOCUMENT_WIDTH) {
            problems_add(builder->problems, child->position, "more than %d entries", DOCUMENT_WIDTH);
            return false;
        }
        if (parent->kind == NODE_MAP) {
            good = check_key(builder, parent, child);
            child->value = read_child(builder, depth, &end);
            if (!child->value) return false;
            child->value->named = child->position;
            expand(builder, child->value);
        } else {
            expand(builder, child);
        }
        if (!good) continue; /* has been reported */
        *tail = child;
        tail = &child->next;
        parent->count++;
    }
}

static struct node *read_collection(struct builder *builder, const yaml_event_t *event, int depth) {
    bool list = event->type == YAML_SEQUENCE_START_EVENT;
    struct node *node = new_node(builder, list ? NODE_LIST : NODE_MAP, event);
    if (list)
        refuse_extras(builder, node->position, event->data.sequence_start.anchor,
                      event->data.sequence_start.tag);
    else
        refuse_extras(builder, node->position, event->data.mapping_start.anchor,
                      event->data.mapping_start.tag);
    if (depth >= DOCUMENT_DEPTH) {
        problems_add(builder->problems, node->position, "nested more than %d levels deep", DOCUMENT_DEPTH);
        return NULL;
    }
    return read_children(builder, node, depth + 1) ? node : NULL;
}

static struct node *read_node(struct builder *builder, const yaml_event_t *event, int depth) {
    if (event->type == YAML_SCALAR_EVENT) return read_scalar(builder, event);
    if (event->type == YAML_ALIAS_EVENT) return read_alias(builder, event);
    return read_collection(builder, event, depth);
}

/* Skips to the first event of some content, or to the end of the stream. */
static bool skip_to_content(struct builder *builder, yaml_event_t *event) {
    for (;;) {
        if (!next_event(builder, event)) return false;
        if (event->type != YAML_STREAM_START_EVENT && event->type != YAML_DOCUMENT_START_EVENT &&
            event->type != YAML_DOCUMENT_END_EVENT)
            return true;
        yaml_event_delete(event);
    }
}

static struct node *read_root(struct builder *builder) {
    yaml_event_t event;
    struct node *root = NULL;
    if (!skip_to_content(builder, &event)) return NULL;
    if (event.type == YAML_STREAM_END_EVENT)
        problems_add(builder->problems, (struct position){1, 1}, "the file is empty");
    else
        root = read_node(builder, &event, 0);
    yaml_event_delete(&event);
    if (!root || !skip_to_content(builder, &event)) return NULL;
    if (event.type != YAML_STREAM_END_EVENT) {
        problems_add(builder->problems, at_mark(event.start_mark), "a second document in one file");
        problems_hint(builder->problems, "one file describes one pipeline; remove the line \"---\" above");
    }
    yaml_event_delete(&event);
    return root;
}

struct node *document_parse(const char *text, size_t len, struct arena *arena, struct problems *problems) {
    if (len > DOCUMENT_BYTES) {
        problems_add(problems, (struct position){1, 1}, "the file is larger than 1 MiB");
        return NULL;
    }
    size_t good = utf8_valid_prefix((struct span){text, len});
    if (good < len) {
        problems_add(problems, at_offset(text, good), "not UTF-8 text");
        problems_hint(problems, "save the file as UTF-8");
        return NULL;
    }
    struct builder builder = {.arena = arena, .problems = problems, .text = text, .len = len};
    if (!yaml_parser_initialize(&builder.parser)) {
        problems_add(problems, (struct position){1, 1}, "no memory for reading YAML");
        return NULL;
    }
    yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&builder.parser, (const unsigned char *)text, len);
    struct node *root = read_root(&builder);
    yaml_parser_delete(&builder.parser);
    return root;
}

const struct node *node_find(const struct node *map, const char *key) {
    const struct node *entry = find_key(map, key);
    return entry ? entry->value : NULL;
}

bool node_is_nothing(const struct node *node) {
    if (node->kind != NODE_SCALAR || !node->plain) return false;
    return !*node->written || strcmp(node->written, "~") == 0 || strcasecmp(node->written, "null") == 0;
}

const char *node_quote(const char *text, struct arena *arena) {
    struct buffer quoted;
    buffer_init(&quoted);
    problems_quote(span_of(text), &quoted);
    buffer_byte(&quoted, '\0');
    const char *copy = arena_copy(arena, buffer_view(&quoted)).data;
    buffer_release(&quoted);
    return copy;
}

const char *node_describe(const struct node *node, struct arena *arena) {
    if (node->kind == NODE_LIST) return node->count ? "a list" : "an empty list";
    if (node->kind == NODE_MAP) return node->count ? "a map" : "an empty map";
    return node_is_nothing(node) ? "nothing" : node_quote(node->written, arena);
}
