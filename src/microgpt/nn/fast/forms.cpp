#include "microgpt/nn/fast/forms.hpp"

#include <cstdlib>
#include <string>
#include <vector>

#include "microgpt/base/error.hpp"
#include "microgpt/base/matrix.hpp"

namespace microgpt::fast {

// CMakeLists.txt says which there are.
extern const Form form_v4, form_v3, form_baseline, form_neon, form_wasm, form_generic, form_native;

namespace {

/// Those that the processor, and the operating system, can run: each if there is all that it was compiled for.
std::vector<const Form*> runnable() {
  std::vector<const Form*> list;
#if defined(MICROGPT_FORMS_X86)
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
                  && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (v4) list.push_back(&form_v4);
  if (v3) list.push_back(&form_v3);
  list.push_back(&form_baseline);
#elif defined(MICROGPT_FORMS_NATIVE)
  list.push_back(&form_native);
#elif defined(MICROGPT_FORMS_NEON)
  list.push_back(&form_neon);
#elif defined(MICROGPT_FORMS_WASM)
  list.push_back(&form_wasm);
#else
  list.push_back(&form_generic);
#endif
  return list;
}

const Form& by_name(const std::string& name) {
  for (const Form* one : forms()) {
    if (one->name == name) return *one;
  }
  std::string names;
  for (const Form* one : forms()) names += (names.empty() ? "" : ", ") + std::string(one->name);
  throw bad_option("MICROGPT_CPU", name, "this program on this processor has " + names);
}

const Form*& current() {
  static const Form* form = [] {
    const char* asked = std::getenv("MICROGPT_CPU");
    return asked == nullptr || *asked == '\0' ? forms().front() : &by_name(asked);
  }();
  return form;
}

}  // namespace

std::span<const Form* const> forms() {
  static const std::vector<const Form*> list = runnable();
  return list;
}

const Form& form() {
  return *current();
}

void use_form(const Form& form) {
  current() = &form;
}

void* scratch(std::size_t bytes) {
  thread_local Arena<unsigned char> memory;
  if (memory.size() < bytes) memory.resize(bytes);
  return memory.data();
}

}  // namespace microgpt::fast
