#include "microgpt/text/folder_texts.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/text/check_text.hpp"

namespace microgpt {

namespace {

namespace fs = std::filesystem;

/// Ends of names, in small letters, of files that are no text. (Whatever else is none is known by its bytes.)
constexpr std::string_view kBinaryEnds[] = {
    ".7z",   ".avi",  ".bmp",  ".bz2",  ".doc", ".docx",        ".epub", ".flac", ".gguf", ".gif",  ".gz",
    ".heic", ".ico",  ".jpeg", ".jpg",  ".mkv", ".mov",         ".mp3",  ".mp4",  ".npy",  ".npz",  ".odt",
    ".ogg",  ".onnx", ".otf",  ".pdf",  ".pkl", ".png",         ".ppt",  ".pptx", ".pt",   ".pth",  ".pyc",
    ".rar",  ".rtf",  ".so",   ".tar",  ".tgz", ".safetensors", ".tif",  ".tiff", ".ttf",  ".wasm", ".wav",
    ".webp", ".woff", ".xls",  ".xlsx", ".xz",  ".zip",         ".zst"};

bool has_binary_name(const fs::path& path) {
  std::string end = path.extension().string();
  std::transform(end.begin(), end.end(), end.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::find(std::begin(kBinaryEnds), std::end(kBinaryEnds), end) != std::end(kBinaryEnds);
}

/// Whether a training run was kept in the folder: its samples and its text would become part of the next text.
bool is_run(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "checkpoints", ignored)
         && fs::is_regular_file(folder / "config.json", ignored);
}

Error unreadable(const fs::path& path, const std::string& why) {
  return {Fault::data, {.what = "cannot read file", .where = path.string(), .hint = why}};
}

class FolderWalk {
 public:
  FolderWalk(bool nul_is_text, std::set<FileIdentity>& met) : nul_is_text_(nul_is_text), met_(met) {}

  void visit_folder(const fs::path& folder, FileIdentity identity) {
    if (std::find(above_.begin(), above_.end(), identity) != above_.end()) {
      throw unreadable(folder, "the link leads back to a folder that it is in");
    }
    if (!folders_.insert(identity).second) return leave_out(folder, "met before");
    std::error_code failed;
    std::vector<fs::path> entries;
    for (fs::directory_iterator entry(folder, failed); !failed && entry != fs::directory_iterator();
         entry.increment(failed)) {
      entries.push_back(entry->path());
    }
    if (failed) throw unreadable(folder, failed.message());
    // In a fixed order, for of two names of one file the first is read.
    std::sort(entries.begin(), entries.end(), by_bytes);
    above_.push_back(identity);
    for (const auto& entry : entries) visit(entry);
    above_.pop_back();
  }

  FolderTexts found() && {
    std::sort(found_.texts.begin(), found_.texts.end(), by_bytes);
    std::sort(found_.left_out.begin(), found_.left_out.end(),
              [](const LeftOut& a, const LeftOut& b) { return by_bytes(a.path, b.path); });
    return std::move(found_);
  }

 private:
  static bool by_bytes(const fs::path& a, const fs::path& b) { return a.native() < b.native(); }

  void leave_out(const fs::path& path, std::string why) { found_.left_out.push_back({path, std::move(why)}); }

  void visit(const fs::path& path) {
    if (path.filename().native().starts_with('.')) return leave_out(path, "hidden");
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) throw unreadable(path, std::strerror(errno));
    const FileIdentity identity(status.st_dev, status.st_ino);
    if (S_ISDIR(status.st_mode))
      return is_run(path) ? leave_out(path, "a training run") : visit_folder(path, identity);
    if (!S_ISREG(status.st_mode)) return leave_out(path, "not a regular file");
    if (has_binary_name(path) || begins_as_binary(path)) return leave_out(path, "not a text");
    if (!met_.insert(identity).second) return leave_out(path, "met before");
    found_.texts.push_back(path);
  }

  [[nodiscard]] bool begins_as_binary(const fs::path& path) const {
    constexpr std::uint64_t kLooked = 8192;
    InputFile file(path, Fault::data, ~std::uint64_t{0});
    std::string start(static_cast<std::size_t>(std::min(file.size(), kLooked)), '\0');
    file.read(start);
    if (!other_kind(start).empty()) return true;
    return !nul_is_text_ && start.find('\0') != std::string::npos && !looks_like_utf16(start);
  }

  bool nul_is_text_;
  std::set<FileIdentity>& met_;      // files
  std::set<FileIdentity> folders_;   // met
  std::vector<FileIdentity> above_;  // folders from the first down to the one at hand
  FolderTexts found_;
};

}  // namespace

FolderTexts texts_in_folder(const fs::path& folder, bool nul_is_text, std::set<FileIdentity>& met) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) throw unreadable(folder, std::strerror(errno));
  FolderWalk walk(nul_is_text, met);
  walk.visit_folder(folder, {status.st_dev, status.st_ino});
  return std::move(walk).found();
}

}  // namespace microgpt
