#include "crockford.h"

#include <string.h>

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

size_t crockford_write(unsigned long long number, char *text) {
    char backwards[CROCKFORD_MOST];
    size_t count = 0;
    do {
        backwards[count++] = digits[number & 31];
        number >>= 5;
    } while (number != 0);
    for (size_t i = 0; i < count; ++i) text[i] = backwards[count - 1 - i];
    return count;
}

static int value_of(char letter) {
    if (letter >= 'a' && letter <= 'z') letter = (char)(letter - 'a' + 'A');
    if (letter == 'O') return 0;
    if (letter == 'I' || letter == 'L') return 1;
    const char *at = letter != '\0' ? strchr(digits, letter) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

int crockford_read(const char *text, size_t count, unsigned long long *number) {
    unsigned long long result = 0;
    for (size_t i = 0; i < count; ++i) {
        const int value = value_of(text[i]);
        if (value < 0 || result >> 59 != 0) return -1;
        result = result << 5 | (unsigned long long)value;
    }
    *number = result;
    return 0;
}
