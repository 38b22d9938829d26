/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text on a terminal: columns, colours, what is not fit to print.
 */
#ifndef TRIVISOR_CLI_TEXT_H
#define TRIVISOR_CLI_TEXT_H

#include <stdio.h>

#include "cli/cli.h"

enum style { PLAIN, BOLD, RED, GREEN, YELLOW, DIM };

/* May what goes to fd be coloured?  By --color, the environment and fd. */
bool text_color(const struct cli *cli, int fd);
/* The escape sequence, or "" when on is false. */
const char *text_style(bool on, enum style s);
/* The colour of a domain's state. */
enum style text_state_style(const char *state);
/* Columns of the terminal at fd; 0 when it is none. */
unsigned text_terminal_width(int fd);

/* Columns that UTF-8 text takes; what is no UTF-8 counts one each. */
unsigned text_width(const char *s);
/*
 * s into buf as it may be printed anywhere: no control characters, valid
 * UTF-8, at most width columns (0: no limit; what is cut ends in "…").
 */
void text_clean(const char *s, unsigned width, char *buf, size_t size);
/* "256 MiB", exactly. */
void text_memory(uint64_t bytes, char *buf, size_t size);
/* "22.6 MiB", about. */
void text_bytes(uint64_t bytes, char *buf, size_t size);

#endif
