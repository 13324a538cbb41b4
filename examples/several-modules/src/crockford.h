/* Base 32 without the letters that look like digits: https://www.crockford.com/base32.html */
#pragma once
#include <stddef.h>

enum { CROCKFORD_MOST = 13 }; /* characters of 64 bits */

/* Writes at most CROCKFORD_MOST characters; returns how many. */
size_t crockford_write(unsigned long long number, char *text);

/* Reads `count` characters; returns 0, or -1 when one is no digit or the number has more than 64 bits. */
int crockford_read(const char *text, size_t count, unsigned long long *number);
