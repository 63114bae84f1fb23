// Whatever the bytes, a checkpoint is read or refused in one line; and what was read is read again to
// the same when it is written.
#include "fuzz/fuzz.hpp"
#include "microgpt/io/checkpoint.hpp"

using namespace microgpt;

namespace {

/// The parts that hang on the weights' type.
template <class T>
void use(const Checkpoint& checkpoint) {
  const auto state = checkpoint.train_state<T>();
  fuzz::require(state.step == checkpoint.training().step);
  for (const T v : state.v.values()) fuzz::require(v >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  fuzz::read_or_refuse(Fault::checkpoint, [&] {
    const auto file = SafetensorsFile::parse(bytes, "x");
    std::size_t filled = 0;
    for (const TensorEntry& tensor : file.tensors()) {
      fuzz::require(tensor.bytes.data() == file.data().data() + filled);
      filled += tensor.bytes.size();
    }
    fuzz::require(filled == file.data().size());
  });
  fuzz::read_or_refuse(Fault::checkpoint, [&] {
    const auto checkpoint = Checkpoint::parse(bytes, "x");
    checkpoint.config().precision == Precision::float32 ? use<float>(checkpoint) : use<double>(checkpoint);
  });
  return 0;
}
