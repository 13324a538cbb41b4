/* Compiled once for each kernel: DOT is its name. */
#include <stddef.h>

double DOT(const double *x, const double *y, size_t count) {
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; ++i) sum += x[i] * y[i];
    return sum;
}
