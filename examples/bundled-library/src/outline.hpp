// Texts and how deep they stand: what the shared library of this project has to offer.
#ifndef EXAMPLE_OUTLINE_HPP
#define EXAMPLE_OUTLINE_HPP

#include <string>
#include <utility>
#include <vector>

#ifndef _WIN32
#define OUTLINE_API __attribute__((visibility("default")))
#elif defined(OUTLINE_BUILDING)
#define OUTLINE_API __declspec(dllexport)
#else
#define OUTLINE_API __declspec(dllimport)
#endif

class OUTLINE_API Outline {
public:
    void enter();
    void leave();
    void add(std::string text);
    const std::vector<std::pair<int, std::string>>& lines() const;

private:
    int depth_ = -1;
    std::vector<std::pair<int, std::string>> lines_;
};

#endif
