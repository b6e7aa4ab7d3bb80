#include "commands/completion.h"

#include <ctype.h>
#include <stdio.h>

#include "commands/command.h"

enum { NAME_MAX_BYTES = 64 };

/* The first line of what a command's usage says about an option: behind its name and two blanks. */
static struct span described(const struct command *command, const struct option *option) {
    char name[NAME_MAX_BYTES];
    snprintf(name, sizeof name, "--%s", option->name);
    for (const char *at = command->text->usage; (at = strstr(at, name)); at++) {
        const char *line = at, *text = at + strlen(name);
        while (line > command->text->usage && line[-1] != '\n') line--;
        if (line[strspn(line, " ")] != '-' || isalnum((unsigned char)*text) || *text == '-') continue;
        size_t len = strcspn(text, "\n");
        const char *gap = strstr(text, "  ");
        if (!gap || gap >= text + len) continue;
        gap += strspn(gap, " ");
        return (struct span){gap, strcspn(gap, "\n")};
    }
    return (struct span){0};
}

/* The text without what would mean something to a shell within '…' and [ ]. */
static void plain(struct buffer *out, struct span text) {
    for (size_t i = 0; i < text.len; i++)
        if (!strchr("'[]:\\`$\"", text.data[i])) buffer_byte(out, text.data[i]);
}

static bool is_short(int value) {
    return value > 0 && value < 256 && isalpha(value);
}

/* Whether `-x` is really an option: some tables use letters only as numbers. */
static bool has_short(const struct command *command, const struct option *option) {
    char words[NAME_MAX_BYTES];
    snprintf(words, sizeof words, "-%c, --%s", option->val, option->name);
    return is_short(option->val) && strstr(command->text->usage, words);
}

static void bash_command(struct buffer *out, const struct command *command) {
    buffer_printf(out, "    %s) words='", command->name);
    for (const struct option *option = command->text->options; option->name; option++) {
        buffer_printf(out, "--%s ", option->name);
        if (has_short(command, option)) buffer_printf(out, "-%c ", option->val);
    }
    out->len--;
    buffer_text(out, "' ;;\n");
}

static void bash(struct buffer *out) {
    buffer_text(out, "# bash completion of tributary\n"
                     "_tributary() {\n"
                     "    local words='' current=${COMP_WORDS[COMP_CWORD]}\n"
                     "    COMPREPLY=()\n"
                     "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                     "        mapfile -t COMPREPLY < <(compgen -W '");
    for (const struct command *command = commands; command->name; command++)
        buffer_printf(out, "%s ", command->name);
    buffer_text(out, "help --help --version' -- \"$current\")\n"
                     "        return\n"
                     "    fi\n"
                     "    case ${COMP_WORDS[1]} in\n");
    for (const struct command *command = commands; command->name; command++) bash_command(out, command);
    buffer_text(out, "    esac\n"
                     "    case $current in\n"
                     "    -*) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\") ;;\n"
                     "    *) mapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;\n"
                     "    esac\n"
                     "}\n"
                     "complete -o filenames -F _tributary tributary\n");
}

static void zsh_command(struct buffer *out, const struct command *command) {
    buffer_printf(out, "  %s)\n    _arguments", command->name);
    for (const struct option *option = command->text->options; option->name; option++) {
        const char *value = option->has_arg ? "=" : "", *after = option->has_arg ? ":value:_files" : "";
        if (has_short(command, option))
            buffer_printf(out, " \\\n      {-%c%s,--%s%s}'[", option->val, option->has_arg ? "+" : "",
                          option->name, value);
        else
            buffer_printf(out, " \\\n      '--%s%s[", option->name, value);
        plain(out, described(command, option));
        buffer_printf(out, "]%s'", after);
    }
    buffer_text(out, " \\\n      '*:file:_files'\n    ;;\n");
}

static void zsh(struct buffer *out) {
    buffer_text(out, "#compdef tributary\n"
                     "if ((CURRENT == 2)); then\n"
                     "  local -a names\n"
                     "  names=(\n");
    for (const struct command *command = commands; command->name; command++) {
        buffer_printf(out, "    '%s:", command->name);
        plain(out, span_of(command->summary));
        buffer_text(out, "'\n");
    }
    buffer_text(out, "  )\n"
                     "  _describe command names\n"
                     "  return\n"
                     "fi\n"
                     "local name=$words[2]\n"
                     "shift words\n"
                     "((CURRENT--))\n"
                     "case $name in\n");
    for (const struct command *command = commands; command->name; command++) zsh_command(out, command);
    buffer_text(out, "esac\n");
}

static void fish_command(struct buffer *out, const struct command *command) {
    buffer_printf(out, "complete -c tributary -n __fish_use_subcommand -f -a %s -d '", command->name);
    plain(out, span_of(command->summary));
    buffer_text(out, "'\n");
    for (const struct option *option = command->text->options; option->name; option++) {
        buffer_printf(out, "complete -c tributary -n '__fish_seen_subcommand_from %s' -l %s", command->name,
                      option->name);
        if (has_short(command, option)) buffer_printf(out, " -s %c", option->val);
        if (option->has_arg) buffer_text(out, " -r");
        buffer_text(out, " -d '");
        plain(out, described(command, option));
        buffer_text(out, "'\n");
    }
}

static void fish(struct buffer *out) {
    buffer_text(out, "# fish completion of tributary\n");
    for (const struct command *command = commands; command->name; command++) fish_command(out, command);
}

void (*completion_of(const char *shell))(struct buffer *out) {
    if (strcmp(shell, "bash") == 0) return bash;
    if (strcmp(shell, "zsh") == 0) return zsh;
    return strcmp(shell, "fish") == 0 ? fish : NULL;
}
