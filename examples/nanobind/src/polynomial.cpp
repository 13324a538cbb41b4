// Polynomials with real coefficients, lowest power first.
#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>
#include <vector>

namespace nb = nanobind;

class Polynomial {
public:
    explicit Polynomial(std::vector<double> coefficients) : coefficients_(std::move(coefficients)) {
        if (coefficients_.empty()) throw std::invalid_argument("a polynomial needs a coefficient");
    }

    double operator()(double x) const {  // Horner's scheme
        double value = 0.0;
        for (auto c = coefficients_.rbegin(); c != coefficients_.rend(); ++c) value = value * x + *c;
        return value;
    }

    Polynomial derivative() const {
        std::vector<double> result;
        for (std::size_t power = 1; power < coefficients_.size(); ++power)
            result.push_back(coefficients_[power] * static_cast<double>(power));
        if (result.empty()) result.push_back(0.0);
        return Polynomial(result);
    }

    const std::vector<double>& coefficients() const { return coefficients_; }

private:
    std::vector<double> coefficients_;
};

NB_MODULE(_core, module) {
    module.doc() = "Polynomials";
    nb::class_<Polynomial>(module, "Polynomial")
        .def(nb::init<std::vector<double>>(), nb::arg("coefficients"))
        .def("__call__", &Polynomial::operator(), nb::arg("x"))
        .def("derivative", &Polynomial::derivative)
        .def_prop_ro("coefficients", &Polynomial::coefficients);
}
