// The forms of the fast kernels (nn/fast/forms.hpp), one after the other.
#pragma once

#include "microgpt/base/matrix.hpp"
#include "microgpt/nn/fast/forms.hpp"

namespace microgpt::test {

/// Has a form used as long as it lives.
class InForm {
 public:
  explicit InForm(const fast::Form& form) : before_(fast::form()) { fast::use_form(form); }
  InForm(const InForm&) = delete;
  InForm& operator=(const InForm&) = delete;
  ~InForm() { fast::use_form(before_); }

 private:
  const fast::Form& before_;
};

/// Whether a form rounds a product and a sum together once: such forms compute the same, to the last bit.
inline bool is_fused(const fast::Form& form) {
  // 1 + 2^-12, squared, less 1 + 2^-11: 2^-24 or, if the product was rounded to a float, 0.
  Arena<float> a(16, 1 + 0x1p-12F), b(16, 1 + 0x1p-12F), c(16, -1 - 0x1p-11F);
  form.single.matmul(1, 1, 1, {a.data(), 1, 1}, {b.data(), 1, 1}, c.data(), 1, true);
  return c[0] != 0;
}

}  // namespace microgpt::test
