#include "microgpt/text/gather.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/text/check_text.hpp"
#include "microgpt/text/encoding.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt {

namespace {

namespace fs = std::filesystem;

constexpr const char* kStandardInput = "-";

std::string shown_name(const fs::path& path) {
  return path == kStandardInput ? "standard input" : path.string();
}

Error cannot_read(const fs::path& path, const std::string& why) {
  return {Fault::data, {.what = "cannot read file", .where = path.string(), .hint = why}};
}

struct stat status_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw cannot_read(path, std::strerror(errno));
  return status;
}

/// Whether the path names a file only while this program runs, as /dev/stdin and /proc/self/fd/3 do.
bool is_passing(const fs::path& path) {
  const std::string whole = fs::absolute(path).lexically_normal().string();
  return whole.starts_with("/dev/") || whole.starts_with("/proc/");
}

/// Whether the last line of a text that ends with "\n" is an empty one.
bool ends_with_empty_line(std::string_view text) {
  text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
  return text.ends_with('\n') || text.ends_with('\r');
}

/// "'a', 'b', 'c' and 9 more".
std::string few_of(const std::vector<std::string>& names) {
  constexpr std::size_t kNamed = 3;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kNamed); ++i) list += (i > 0 ? ", " : "") + names[i];
  return list + (names.size() > kNamed ? " and " + with_commas(names.size() - kNamed) + " more" : "");
}

std::string few_of(const std::vector<LeftOut>& left_out) {
  std::vector<std::string> names;
  for (const auto& [path, why] : left_out) names.push_back(in_quotes(shown_name(path)) + " (" + why + ")");
  return few_of(names);
}

class Gathering {
 public:
  explicit Gathering(const GatherOptions& options) : mode_(options.mode) {
    if (!options.encoding.empty()) require_encoding(options.encoding);
    if (!is_utf8_name(options.encoding)) encoding_ = options.encoding;
  }

  void add(const std::string& argument, const ReadInput& read_input) {
    if (argument == kStandardInput) {
      if (std::exchange(input_was_read_, true)) throw given_twice(argument);
      return add_text(argument, [&] { text_.bytes += read_input(); });
    }
    const struct stat status = status_of(argument);
    const FileIdentity identity(status.st_dev, status.st_ino);
    if (S_ISDIR(status.st_mode)) return add_folder(argument, identity);
    if (!met_.insert(identity).second) throw given_twice(argument);
    if (S_ISFIFO(status.st_mode)) return add_pipe(argument);
    add_file(argument);
  }

  /// Whether the arguments come to one file that is as good as a copy of it.
  bool take_plain_file(const std::vector<std::string>& arguments) {
    if (arguments.size() != 1 || arguments[0] == kStandardInput || !encoding_.empty()) return false;
    const struct stat status = status_of(arguments[0]);
    if (!S_ISREG(status.st_mode) || is_passing(arguments[0])) return false;
    text_.is_one_plain_file = true;
    text_.sources.push_back({arguments[0], static_cast<std::uint64_t>(status.st_size)});
    return true;
  }

  GatheredText result() && {
    if (text_.sources.empty()) {
      throw Error(Fault::data,
                  {.what = "no documents",
                   .where = shown_name(text_.left_out.front().path),
                   .hint = "there is nothing but white space"
                           + std::string(text_.left_out.size() > 1 ? " in any of the texts" : "")});
    }
    text_.name = shown_name(text_.sources.front().path);
    if (text_.sources.size() > 1) text_.name += " and " + with_commas(text_.sources.size() - 1) + " more";
    if (!marked_.empty()) {
      text_.notices.push_back("a byte order mark at the start was dropped from " + few_of(marked_));
    }
    if (!doubtful_.empty()) {
      text_.notices.push_back("read as " + encoding_ + ", though valid as UTF-8: " + few_of(doubtful_));
    }
    if (!text_.left_out.empty()) text_.notices.push_back("not read: " + few_of(text_.left_out));
    return std::move(text_);
  }

 private:
  static Error given_twice(const std::string& argument) {
    return {Fault::usage,
            {.what = "text given twice",
             .where = shown_name(argument),
             .hint = "every file, folder and pipe is read once"}};
  }

  void add_file(const fs::path& path) {
    InputFile file(path, Fault::data, kLargestText);
    add_text(path, [&] {
      if (file.size() > kLargestText - std::min<std::uint64_t>(text_.bytes.size(), kLargestText)) {
        throw text_too_large(path.string());
      }
      const std::size_t begin = text_.bytes.size();
      text_.bytes.resize(begin + static_cast<std::size_t>(file.size()));
      file.read(std::span(text_.bytes).subspan(begin));
      file.check_end();
    });
  }

  void add_pipe(const fs::path& path) {
    const Descriptor pipe(path, O_RDONLY);  // waits for whoever writes into it
    if (!pipe.is_open()) throw cannot_read(path, std::strerror(errno));
    add_text(path, [&] { text_.bytes += read_to_end(pipe.fd(), path.string(), Fault::data, kLargestText); });
  }

  void add_folder(const fs::path& folder, FileIdentity identity) {
    if (!folders_.insert(identity).second) throw given_twice(folder.string());
    FolderTexts found = texts_in_folder(folder, is_wide_name(encoding_), met_);
    if (found.texts.empty()) {
      throw Error(Fault::data,
                  {.what = "no texts in the folder",
                   .where = folder.string(),
                   .hint = found.left_out.empty() ? "it is empty" : "not read: " + few_of(found.left_out)});
    }
    std::move(found.left_out.begin(), found.left_out.end(), std::back_inserter(text_.left_out));
    for (const auto& path : found.texts) add_file(path);
  }

  /// What read() puts at the end of the bytes becomes the next text.
  void add_text(const fs::path& path, const std::function<void()>& read) {
    std::string& all = text_.bytes;
    const std::size_t before = all.size();
    separate();
    const std::size_t begin = all.size();
    read();
    const std::uint64_t size = all.size() - begin;
    make_utf8(path, begin);
    if (all.size() > kLargestText) throw text_too_large(shown_name(path));
    if (strip(std::string_view(all).substr(begin)).empty()) {
      text_.left_out.push_back({path, size == 0 ? "empty" : "only white space"});
      all.resize(before);
    } else {
      text_.sources.push_back({path, size});
    }
  }

  void separate() {
    std::string& all = text_.bytes;
    if (all.empty()) return;
    if (!all.ends_with('\n')) all += '\n';
    if (mode_ != DataMode::lines && !ends_with_empty_line(all)) all += '\n';
  }

  /// Whether the text, which is to be converted, is UTF-8 by all that can be seen. ASCII says so only where the encoding
  /// that was named would show.
  [[nodiscard]] bool is_utf8_after_all(std::string_view text) const {
    const bool is_told = is_wide_name(encoding_)
                             ? text.find('\0') == std::string_view::npos
                             : count_bytes(text, [](unsigned char byte) { return byte >= 0x80; }) > 0;
    return is_told && find_invalid_utf8(text) == std::string_view::npos;
  }

  /// Checks or converts the bytes from `begin` on, which are one text.
  void make_utf8(const fs::path& path, std::size_t begin) {
    const auto text = std::string_view(text_.bytes).substr(begin);
    const std::string name = shown_name(path);
    if (encoding_.empty()) {
      check_text(text, name);
      if (!text.starts_with(kUtf8Mark)) return;
      marked_.push_back(in_quotes(name));
      text_.bytes.erase(begin, kUtf8Mark.size());
      return;
    }
    if (is_utf8_after_all(text)) doubtful_.push_back(in_quotes(name));
    std::string converted = to_utf8(text, encoding_, name);
    text_.bytes.resize(begin);
    if (begin == 0)
      text_.bytes.swap(converted);  // without a third copy of what is mostly all
    else
      text_.bytes += converted;
  }

  DataMode mode_;
  std::string encoding_;  // empty: UTF-8
  GatheredText text_;
  bool input_was_read_ = false;
  std::set<FileIdentity> met_;      // files and pipes
  std::set<FileIdentity> folders_;  // that were given
  std::vector<std::string> marked_;
  std::vector<std::string> doubtful_;
};

}  // namespace

GatheredText gather_texts(const std::vector<std::string>& arguments, const GatherOptions& options,
                          const ReadInput& read_input) {
  if (arguments.empty()) {
    throw Error(Fault::usage, {.what = "no text", .hint = "give a file, a folder or - for standard input"});
  }
  Gathering gathering(options);
  if (!gathering.take_plain_file(arguments)) {
    for (const auto& argument : arguments) gathering.add(argument, read_input);
  }
  return std::move(gathering).result();
}

}  // namespace microgpt
