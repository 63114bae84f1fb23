// The bytes of src/web/lab.html, put into the program by the assembler: as a string literal they would take the compiler
// a minute.
#include "cli/lab_page.hpp"

#if defined(__APPLE__)
#define MICROGPT_SYMBOL(name) "_" name
#define MICROGPT_SECTION ".section __DATA,__const\n"
#define MICROGPT_BACK ".text\n"
#else
#define MICROGPT_SYMBOL(name) name
#define MICROGPT_SECTION ".pushsection .rodata\n"
#define MICROGPT_BACK ".popsection\n"
#endif

// clang-format off
__asm__(MICROGPT_SECTION
        ".globl " MICROGPT_SYMBOL("microgpt_lab_page") "\n"
        ".globl " MICROGPT_SYMBOL("microgpt_lab_page_end") "\n"
        MICROGPT_SYMBOL("microgpt_lab_page") ":\n"
        ".incbin \"" MICROGPT_LAB_PAGE "\"\n"
        MICROGPT_SYMBOL("microgpt_lab_page_end") ":\n"
        ".byte 0\n"
        MICROGPT_BACK);
// clang-format on

extern "C" {
extern const char microgpt_lab_page[];
extern const char microgpt_lab_page_end[];
}

namespace microgpt::cli {

std::string_view lab_page() {
  return {microgpt_lab_page, static_cast<std::size_t>(microgpt_lab_page_end - microgpt_lab_page)};
}

}  // namespace microgpt::cli
