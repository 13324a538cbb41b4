#include <stddef.h>

#ifdef _WIN32
#define PUBLIC __declspec(dllexport)
#else
#define PUBLIC __attribute__((visibility("default")))
#endif

/* Twice the signed area of a polygon, its corners as x, y, x, y, ... (the shoelace formula). */
PUBLIC double polygon_twice_area(const double *corners, size_t count) {
    double sum = 0.0;
    for (size_t i = 0; i < count; ++i) {
        const double *here = corners + 2 * i, *next = corners + 2 * ((i + 1) % count);
        sum += here[0] * next[1] - next[0] * here[1];
    }
    return sum;
}
