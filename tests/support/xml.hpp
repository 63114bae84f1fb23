// A strict reader of the XML that SVG files are made of: elements, attributes in double quotes, text.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "microgpt/text/utf8.hpp"

namespace microgpt::test {

struct XmlElement {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<XmlElement> children;
  std::string text;  ///< directly inside it

  [[nodiscard]] const std::string* find(std::string_view attribute) const {
    for (const auto& [key, value] : attributes) {
      if (key == attribute) return &value;
    }
    return nullptr;
  }
  [[nodiscard]] std::string at(std::string_view attribute) const {
    if (find(attribute) == nullptr) throw std::runtime_error(name + " has no " + std::string(attribute));
    return *find(attribute);
  }
  [[nodiscard]] double number(std::string_view attribute) const {
    const std::string value = at(attribute);
    char* end = nullptr;
    const double number = std::strtod(value.c_str(), &end);
    if (*end != '\0' || value.empty() || !(number - number == 0))
      throw std::runtime_error("no number: " + value);
    return number;
  }
  [[nodiscard]] bool has_class(std::string_view style) const {
    return (" " + (find("class") != nullptr ? at("class") : "") + " ").find(" " + std::string(style) + " ")
           != std::string::npos;
  }

  /// All elements of a name inside it, in their order.
  [[nodiscard]] std::vector<const XmlElement*> all(std::string_view wanted) const {
    std::vector<const XmlElement*> found;
    for (const XmlElement& child : children) {
      if (child.name == wanted) found.push_back(&child);
      for (const XmlElement* inner : child.all(wanted)) found.push_back(inner);
    }
    return found;
  }
  [[nodiscard]] std::vector<const XmlElement*> all_of_class(std::string_view wanted,
                                                            std::string_view style) const {
    auto found = all(wanted);
    std::erase_if(found, [&](const XmlElement* element) { return !element->has_class(style); });
    return found;
  }
};

/// The root of a document without a prologue. Throws std::runtime_error where it is not well-formed, or has a
/// character that XML 1.0 does not allow.
class XmlReader {
 public:
  static XmlElement read(std::string_view text) {
    XmlReader reader(text);
    reader.check_characters();
    XmlElement root = reader.element();
    reader.skip_spaces();
    if (reader.at_ != text.size()) reader.fail("text after the root");
    return root;
  }

 private:
  explicit XmlReader(std::string_view text) : text_(text) {}

  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error("XML, byte " + std::to_string(at_) + ": " + why);
  }
  void check_characters() const {
    if (find_invalid_utf8(text_) != std::string_view::npos) fail("it is no UTF-8");
    for (const char c : text_) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 && c != '\n' && c != '\t') fail("a control character");
      if (byte == 0x7f) fail("a control character");
    }
  }
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool take(std::string_view part) {
    if (text_.substr(at_, part.size()) != part) return false;
    at_ += part.size();
    return true;
  }
  void need(std::string_view part) {
    if (!take(part)) fail("expected " + std::string(part));
  }
  std::string name() {
    const auto is_part = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
             || c == '_' || c == ':';
    };
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_part(text_[at_])) ++at_;
    if (begin == at_ || (text_[begin] >= '0' && text_[begin] <= '9') || text_[begin] == '-') fail("no name");
    return std::string(text_.substr(begin, at_ - begin));
  }
  /// Text up to `end`, its references resolved.
  std::string text_up_to(char end) {
    std::string text;
    while (at_ < text_.size() && text_[at_] != end) {
      if (text_[at_] == '<') fail("a bare <");
      if (take("&lt;")) {
        text += '<';
      } else if (take("&gt;")) {
        text += '>';
      } else if (take("&quot;")) {
        text += '"';
      } else if (take("&amp;")) {
        text += '&';
      } else if (text_[at_] == '&') {
        fail("a bare &");
      } else {
        text += text_[at_++];
      }
    }
    return text;
  }
  XmlElement element() {
    XmlElement element;
    need("<");
    element.name = name();
    for (;;) {
      const std::size_t before = at_;
      skip_spaces();
      if (take("/>")) return element;
      if (take(">")) break;
      if (before == at_) fail("no space before an attribute");
      std::string key = name();
      if (element.find(key) != nullptr) fail("twice: " + key);
      need("=\"");
      element.attributes.emplace_back(std::move(key), text_up_to('"'));
      need("\"");
    }
    while (!take("</")) {
      if (at_ >= text_.size()) fail("no end of " + element.name);
      if (text_[at_] == '<') {
        element.children.push_back(this->element());
      } else {
        element.text += text_up_to('<');
      }
    }
    if (name() != element.name) fail("the end of another than " + element.name);
    need(">");
    return element;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace microgpt::test
