// One form of the kernels, which three macros name: MICROGPT_FORM (v4), MICROGPT_INSTRUCTIONS ("AVX-512") and
// MICROGPT_VECTOR_BYTES (64). This file is compiled several times with different options for the processor. So there is
// nothing here but loops over raw numbers, everything but the table is hidden in a namespace without a name, and what is
// included has no code of its own that could be taken for another form's (tests/style/forms.cmake looks at the objects).
#include "microgpt/nn/fast/form/attention.hpp"
#include "microgpt/nn/fast/form/layers.hpp"
#include "microgpt/nn/fast/form/matmul.hpp"
#include "microgpt/nn/fast/form/peak.hpp"
#include "microgpt/nn/fast/form/row_product.hpp"
#include "microgpt/nn/fast/form/update.hpp"

#ifndef MICROGPT_FORM
#define MICROGPT_FORM generic
#define MICROGPT_INSTRUCTIONS "none"
#endif
#define MICROGPT_JOINED(a, b) a##b
#define MICROGPT_NAME(a, b) MICROGPT_JOINED(a, b)
#define MICROGPT_QUOTED(a) #a
#define MICROGPT_TEXT(a) MICROGPT_QUOTED(a)

namespace microgpt::fast {

extern const Form MICROGPT_NAME(form_, MICROGPT_FORM);

constexpr Form MICROGPT_NAME(form_, MICROGPT_FORM) = {
    .name = MICROGPT_TEXT(MICROGPT_FORM),
    .instructions = MICROGPT_INSTRUCTIONS,
    .vector_bits = 8 * kBytes,
    .single = {matmul<float>, add<float>, all_finite<float>, adam<float>, dropout<float>},
    .twice = {matmul<double>, add<double>, all_finite<double>, adam<double>, dropout<double>},
    .layers = {.row_product = row_product,
               .dot = dot,
               .embedding_forward = embedding_forward,
               .residual_forward = residual_forward,
               .rmsnorm_forward = rmsnorm_forward,
               .rmsnorm_backward = rmsnorm_backward,
               .activation_forward = activation_forward,
               .activation_backward = activation_backward,
               .attention_forward = attention_forward,
               .attention_backward = attention_backward,
               .softmax = softmax_row,
               .cross_entropy_forward = cross_entropy_forward,
               .cross_entropy_backward = cross_entropy_backward},
    .multiply_adds = multiply_adds};

}  // namespace microgpt::fast
