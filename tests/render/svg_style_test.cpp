// The colours of figures: told apart by everyone, and readable in the light and in the dark.
#include "microgpt/render/svg_style.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

TEST_SUITE("render") {
  namespace {

  using namespace microgpt;
  using Colour = std::array<double, 3>;  // red, green and blue light, each from 0 to 1

  /// The two halves of the style sheet.
  struct Scheme {
    std::string name, rules;

    /// Where a property stands in a rule of a selector.
    [[nodiscard]] std::size_t place_of(const std::string& selector, const std::string& property) const {
      for (std::size_t begin = 0, end; (end = rules.find('}', begin)) != std::string::npos; begin = end + 1) {
        const std::size_t brace = rules.rfind('{', end);
        const std::string selectors = rules.substr(begin, brace - begin) + " ";
        const std::size_t at = rules.find(property, brace);
        const std::size_t found = selectors.find(selector);
        if (found == std::string::npos || at > end) continue;
        const bool whole =
            (found == 0 || std::string(" \n,{").find(selectors[found - 1]) != std::string::npos)
            && std::string(" ,").find(selectors[found + selector.size()]) != std::string::npos;
        if (whole) return at;
      }
      return std::string::npos;
    }
    /// The colour in the rule of a selector: ".s0", "color".
    [[nodiscard]] Colour colour(const std::string& selector, const std::string& property) const {
      const std::size_t at = place_of(selector, property + ": #");
      REQUIRE_MESSAGE(at != std::string::npos, name, ": no ", property, " of ", selector);
      Colour light{};
      for (std::size_t i = 0; i < 3; ++i) {
        const double code = std::stoi(rules.substr(at + property.size() + 3 + 2 * i, 2), nullptr, 16) / 255.0;
        light[i] = code <= 0.04045 ? code / 12.92 : std::pow((code + 0.055) / 1.055, 2.4);
      }
      return light;
    }
  };

  std::vector<Scheme> schemes() {
    const std::string sheet = render::kStyleSheet;
    const std::size_t dark = sheet.find("@media (prefers-color-scheme: dark)");
    REQUIRE(dark != std::string::npos);
    return {{"light", sheet.substr(0, dark)}, {"dark", sheet.substr(dark)}};
  }

  double luminance(const Colour& c) {
    return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
  }

  /// As WCAG 2 has it: from 1 to 21.
  double contrast(const Colour& a, const Colour& b) {
    const double x = luminance(a), y = luminance(b);
    return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
  }

  struct Sight {
    const char* name;
    double matrix[3][3];
  };
  /// How people see who lack one kind of cones: Machado, Oliveira and Fernandes (2009), severity 1.
  constexpr Sight kSights[] = {
      {"all colours", {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
      {"protanopia",
       {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}},
      {"deuteranopia",
       {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}},
      {"tritanopia",
       {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}}};

  /// A colour as it is seen, in CIELAB, where equal distances look equally far apart.
  std::array<double, 3> seen(const Colour& colour, const Sight& sight) {
    Colour c{};
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) c[i] += sight.matrix[i][j] * colour[j];
      c[i] = std::clamp(c[i], 0.0, 1.0);
    }
    const auto root = [](double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116; };
    const double x = root((0.4124564 * c[0] + 0.3575761 * c[1] + 0.1804375 * c[2]) / 0.95047);
    const double y = root(0.2126729 * c[0] + 0.7151522 * c[1] + 0.0721750 * c[2]);
    const double z = root((0.0193339 * c[0] + 0.1191920 * c[1] + 0.9503041 * c[2]) / 1.08883);
    return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
  }

  double distance(const Colour& a, const Colour& b, const Sight& sight) {
    const auto x = seen(a, sight), y = seen(b, sight);
    return std::hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
  }

  }  // namespace

  TEST_CASE("render: the colours of lines and heats are told apart, by the colour-blind too") {
    for (const Scheme& scheme : schemes()) {
      for (const Sight& sight : kSights) {
        CAPTURE(scheme.name);
        CAPTURE(sight.name);
        for (int i = 0; i < 6; ++i) {
          for (int j = 0; j < i; ++j) {
            const double apart = distance(scheme.colour(".s" + std::to_string(i), "color"),
                                          scheme.colour(".s" + std::to_string(j), "color"), sight);
            CHECK_MESSAGE(apart > 20, "s", i, " and s", j, " are ", apart, " apart");
          }
        }
        CHECK(distance(scheme.colour(".warm", "fill"), scheme.colour(".cold", "fill"), sight) > 40);
      }
    }
  }

  TEST_CASE("render: lines and words stand out from what is behind them, in the light and in the dark") {
    for (const Scheme& scheme : schemes()) {
      CAPTURE(scheme.name);
      const Colour ground = scheme.colour(".ground", "fill");
      const Colour words = scheme.colour("text", "fill");
      for (int i = 0; i < 6; ++i)
        CHECK(contrast(scheme.colour(".s" + std::to_string(i), "color"), ground) >= 3);
      CHECK(contrast(words, ground) >= 7);
      CHECK(contrast(scheme.colour("text.soft", "fill"), ground) >= 4.5);
      CHECK(contrast(scheme.colour(".reference", "stroke"), ground) >= 3);
      // A number stands in a cell of any colour between the ground and the strongest.
      for (const char* heat : {".warm", ".cold"}) {
        const Colour strongest = scheme.colour(heat, "fill");
        CHECK_MESSAGE(contrast(words, strongest) >= 4.5, heat);
        CHECK_MESSAGE(contrast(strongest, ground) >= 2, heat);
      }
      // An exact 0 has a frame, and hatching is fainter than a number but there.
      CHECK(contrast(scheme.colour(".framed", "stroke"), ground) >= 1.3);
      CHECK(contrast(scheme.colour(".hatch", "stroke"), ground) >= 1.5);
    }
  }
}
