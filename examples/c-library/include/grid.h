/* Maidenhead grid squares: a place on Earth in six letters and digits, as radio amateurs give it. */
#ifndef EXAMPLE_GRID_H
#define EXAMPLE_GRID_H

#ifndef _WIN32
#define GRID_API __attribute__((visibility("default")))
#elif defined(GRID_BUILDING)
#define GRID_API __declspec(dllexport)
#else
#define GRID_API __declspec(dllimport)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Writes six characters and a zero. Degrees, north and east positive. Returns 0, or -1 when there is no such place. */
GRID_API int grid_square(double latitude, double longitude, char square[7]);

#ifdef __cplusplus
}
#endif
#endif
