# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""The sieve of Eratosthenes."""

from libc.stdlib cimport calloc, free


def primes(int limit):
    """All primes below ``limit``."""
    cdef int number, multiple
    cdef unsigned char *composite
    if limit < 3:
        return []
    composite = <unsigned char *>calloc(limit, 1)
    if composite is NULL:
        raise MemoryError
    try:
        found = []
        for number in range(2, limit):
            if composite[number]:
                continue
            found.append(number)
            if number <= limit // number:
                for multiple in range(number * number, limit, number):
                    composite[multiple] = 1
        return found
    finally:
        free(composite)
