#include "outline.hpp"

#include <stdexcept>

void Outline::enter() { ++depth_; }

void Outline::leave() {
    if (depth_ < 0) throw std::logic_error("nothing was entered");
    --depth_;
}

void Outline::add(std::string text) { lines_.emplace_back(depth_ < 0 ? 0 : depth_, std::move(text)); }

const std::vector<std::pair<int, std::string>>& Outline::lines() const { return lines_; }
