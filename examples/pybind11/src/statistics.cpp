// Mean and variance of a stream of numbers (Welford's method), without keeping the numbers.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace py = pybind11;

class Running {
public:
    void add(double value) {
        ++count_;
        const double delta = value - mean_;
        mean_ += delta / static_cast<double>(count_);
        squares_ += delta * (value - mean_);
    }

    void extend(const std::vector<double>& values) {
        for (double value : values) add(value);
    }

    double mean() const {
        if (count_ == 0) throw std::domain_error("no values yet");
        return mean_;
    }

    double variance() const {
        if (count_ < 2) throw std::domain_error("variance needs two values");
        return squares_ / static_cast<double>(count_ - 1);
    }

    std::size_t count() const { return count_; }

private:
    std::size_t count_ = 0;
    double mean_ = 0.0;
    double squares_ = 0.0;
};

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
    module.doc() = "Running statistics";
    py::class_<Running>(module, "Running")
        .def(py::init<>())
        .def("add", &Running::add, py::arg("value"))
        .def("extend", &Running::extend, py::arg("values"))
        .def_property_readonly("mean", &Running::mean)
        .def_property_readonly("variance", &Running::variance)
        .def("__len__", &Running::count)
        .def("__repr__", [](const Running& self) { return "<Running of " + std::to_string(self.count()) + " values>"; });
}
