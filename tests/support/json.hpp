// JSON for tests without the price of its library: one source file compiles that for all of them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace microgpt::test {

/// A value inside a document that is read by the project's own strict reader. What is not there or
/// of another kind than asked for throws, and so fails the test.
class Json {
 public:
  static Json parse(std::string_view text, int max_depth = 8);

  [[nodiscard]] bool has(const std::string& key) const;
  [[nodiscard]] Json operator[](const std::string& key) const;
  [[nodiscard]] Json operator[](std::size_t index) const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] double number() const;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::string dump() const;
  /// Keys and kinds without the values: {"a": [1, 2], "b": "x"} is "{a: [number], b: text}". Of an array
  /// whose entries differ in shape all shapes are given, "[number | null]".
  [[nodiscard]] std::string shape() const;

 private:
  std::shared_ptr<const void> document_;
  const void* here_ = nullptr;
};

}  // namespace microgpt::test
