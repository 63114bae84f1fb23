// A text from a file or from standard input as it stands, without being taken apart into documents.
#pragma once

#include <string>

namespace microgpt {

/// The text of a file, or with "-" of standard input, read and checked as a Dataset reads it: UTF-8, "\r\n" and "\r"
/// become "\n", a byte order mark at the start is dropped. It may be blank. Throws Error (data).
std::string read_plain_text(const std::string& path);

}  // namespace microgpt
