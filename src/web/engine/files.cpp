// The lab's files, which lie in memory.
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "microgpt/base/file.hpp"
#include "microgpt/io/atomic_file.hpp"
#include "web/engine/lab.hpp"
#include "web/engine/lab_engine.hpp"

namespace {

using namespace microgpt;
using lab::answer;
using lab::Json;

namespace fs = std::filesystem;

Json file_json(const std::string& path, const std::string& bytes) {
  return {{"path", path}, {"bytes", bytes.size()}, {"at", reinterpret_cast<std::uintptr_t>(bytes.data())}};
}

}  // namespace

void* lab_allocate(std::size_t size) {
  return std::malloc(std::max<std::size_t>(size, 1));
}

void lab_free(void* bytes) {
  std::free(bytes);
}

const char* lab_write(const char* path, const void* bytes, std::size_t size) {
  return answer([&]() -> Json {
    const fs::path file(path);
    std::error_code failed;
    if (file.has_parent_path()) fs::create_directories(file.parent_path(), failed);
    if (failed) throw cannot_write_file(path, failed.message());
    const std::string_view pieces[] = {{static_cast<const char*>(bytes), size}};
    write_file_atomically(file, pieces);
    return {{"path", path}, {"bytes", size}};
  });
}

const char* lab_read(const char* path) {
  return answer([&] {
    lab::lab().bytes = read_file(path, Fault::io);
    return file_json(path, lab::lab().bytes);
  });
}

const char* lab_files(const char* folder) {
  return answer([&]() -> Json {
    std::vector<std::pair<std::string, std::uintmax_t>> files;
    std::error_code failed;
    for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end;
         entry.increment(failed)) {
      std::error_code unknown;
      if (entry->is_regular_file(unknown))
        files.emplace_back(entry->path().string(), entry->file_size(unknown));
    }
    std::sort(files.begin(), files.end());
    Json list = Json::array();
    for (const auto& [path, bytes] : files) list.push_back({{"path", path}, {"bytes", bytes}});
    return {{"files", list}};
  });
}

const char* lab_remove(const char* path) {
  return answer([&] {
    std::error_code failed;
    fs::remove_all(path, failed);
    if (failed) throw cannot_write_file(path, failed.message());
    return Json::object();
  });
}

const char* lab_save(int model) {
  return answer([&] {
    lab::Model& one = lab::model_of(model);
    lab::require_file(one);
    lab::lab().bytes = read_file(one.path, Fault::io);
    return file_json(one.path, lab::lab().bytes);
  });
}
