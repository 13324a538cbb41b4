// example-entropy FILE...: Shannon's entropy of each file, in bits per byte.
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

static double entropy(std::istream& stream) {
    std::array<unsigned long long, 256> counts{};
    unsigned long long total = 0;
    for (std::istreambuf_iterator<char> at(stream), end; at != end; ++at, ++total)
        ++counts[static_cast<unsigned char>(*at)];
    double bits = 0.0;
    for (const auto count : counts)
        if (count != 0) {
            const double share = static_cast<double>(count) / static_cast<double>(total);
            bits -= share * std::log2(share);
        }
    return bits;
}

int main(int count, char** arguments) {
    if (count < 2) {
        std::cerr << "usage: example-entropy FILE...\n";
        return 2;
    }
    int status = 0;
    for (int i = 1; i < count; ++i) {
        std::ifstream file(arguments[i], std::ios::binary);
        if (!file) {
            std::perror(arguments[i]);
            status = 1;
            continue;
        }
        std::printf("%.3f %s\n", entropy(file), arguments[i]);
    }
    return status;
}
