// Numbers from text and in text, whatever the locale and the standard library.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace microgpt {

/// The finite number that is all of the text, written as std::from_chars reads it in its general format:
/// "-1.5", ".5", "5.", "1e-3", but no space, no plus sign before the number, no hexadecimal digits and no
/// comma. Returns nothing for other text, for infinities and NaN, and for numbers that are too large or,
/// though not zero, too small for a double.
std::optional<double> parse_double(std::string_view text);

/// A number with so many digits after the point; in scientific form where these would show none of it, or where it is a
/// million or more; "0" only if it is exactly 0; "inf", "-inf", "nan".
std::string number_text(double value, int digits);

/// The same for numbers that are compared with each other, as shares, weights and cosines are: never in scientific form
/// below a million, so that a column stays narrow; "0.00" is small, "0" exactly 0.
std::string fixed_text(double value, int digits);

}  // namespace microgpt
