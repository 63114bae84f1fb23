// The functions of utf8proc that the library uses, answered by JavaScript (unicode.js), which has the tables.
#include <utf8proc.h>

extern "C" {

int lab_other_case(int character, int upper);
int lab_base_of(int character);
int lab_width_of(int character);
int lab_category_of(int character);

utf8proc_int32_t utf8proc_tolower(utf8proc_int32_t c) {
  return lab_other_case(c, 0);
}

utf8proc_int32_t utf8proc_toupper(utf8proc_int32_t c) {
  return lab_other_case(c, 1);
}

int utf8proc_charwidth(utf8proc_int32_t c) {
  return lab_width_of(c);
}

/// Only the first part, which is all that is asked of it.
utf8proc_ssize_t utf8proc_decompose_char(utf8proc_int32_t c, utf8proc_int32_t* parts, utf8proc_ssize_t size,
                                         utf8proc_option_t /*options*/, int* /*last_class*/) {
  if (size > 0) parts[0] = lab_base_of(c);
  return 1;
}

const char* utf8proc_category_string(utf8proc_int32_t c) {
  static const char kAll[][3] = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl",
                                 "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc",
                                 "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn"};
  return kAll[lab_category_of(c)];
}
}
