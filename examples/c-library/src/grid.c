#include "grid.h"

/* Below 1 for each axis, so that the pole and the date line belong to the last square. */
static double share(double degrees, double most) {
    const double part = (degrees + most) / (2 * most);
    return part < 1.0 ? part : 0.9999999999;
}

static void digits(double part, char *square) {
    const int field = (int)(part * 18), tenth = (int)(part * 180) % 10, last = (int)(part * 4320) % 24;
    square[0] = (char)('A' + field);
    square[2] = (char)('0' + tenth);
    square[4] = (char)('a' + last);
}

int grid_square(double latitude, double longitude, char square[7]) {
    if (!(latitude >= -90.0 && latitude <= 90.0 && longitude >= -180.0 && longitude <= 180.0)) return -1;
    digits(share(longitude, 180.0), square);
    digits(share(latitude, 90.0), square + 1);
    square[6] = '\0';
    return 0;
}
