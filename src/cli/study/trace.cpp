// microgpt study trace: every named activation of a run, for other programs.
#include <bit>
#include <iostream>

#include "cli/model.hpp"
#include "cli/study/study.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/io/atomic_file.hpp"
#include "microgpt/io/safetensors.hpp"
#include "microgpt/study/export.hpp"

namespace microgpt::cli {

namespace {

using nlohmann::ordered_json;
using study::NamedArray;

struct TraceOptions : StudyOptions {
  std::string out;
  bool gradient = false;
  bool list = false;
};

/// "[4, 16]".
std::string shape_text(const NamedArray& array) {
  std::string text;
  for (const std::size_t n : array.shape) text += (text.empty() ? "" : ", ") + std::to_string(n);
  return "[" + text + "]";
}

ordered_json nested(const NamedArray& array, std::size_t axis, std::size_t& next) {
  ordered_json list = ordered_json::array();
  for (std::size_t i = 0; i < array.shape[axis]; ++i) {
    if (axis + 1 < array.shape.size()) {
      list.push_back(nested(array, axis + 1, next));
    } else {
      const double value = array.values[next++];
      list.push_back(std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr));
    }
  }
  return list;
}

void write(const std::string& path, const ordered_json& head, const std::vector<NamedArray>& arrays) {
  if (path.ends_with(".npz")) {
    const std::string bytes = study::to_npz(arrays);
    const std::string_view pieces[] = {bytes};
    write_file_atomically(path, pieces);
  } else if (path.ends_with(".safetensors")) {
    std::vector<TensorEntry> tensors;
    for (const NamedArray& array : arrays) {
      tensors.push_back(
          {array.name,
           "F64",
           {array.shape.begin(), array.shape.end()},
           {reinterpret_cast<const char*>(array.values.data()), array.values.size() * sizeof(double)}});
    }
    write_safetensors(path, {{"format", "microgpt trace"}, {"text", head["text"].get<std::string>()}},
                      tensors);
  } else if (path.ends_with(".json")) {
    ordered_json document = head;
    for (const NamedArray& array : arrays) {
      std::size_t next = 0;
      document["arrays"][array.name] = nested(array, 0, next);
    }
    const std::string text = document.dump() + '\n';
    const std::string_view pieces[] = {text};
    write_file_atomically(path, pieces);
  } else {
    throw Error(Fault::usage, "bad --out: " + one_line(path) + ": must end in .json, .npz or .safetensors");
  }
}

void trace(const TraceOptions& options) {
  if (options.out.empty() && !options.list && !options.json) {
    throw Error(Fault::usage, "nothing to do: give --out FILE, or --list");
  }
  const Subject subject(options.model);
  const Batch batch = subject.text(options.text);
  const auto arrays = study::named_arrays(study::run(subject.model(), batch, {}, options.gradient));
  ordered_json head = json_of_text(subject, "trace", options.text, batch);
  if (!options.out.empty()) write(options.out, head, arrays);
  if (!options.list && !options.json) {
    std::cout << counted(arrays.size(), "array") << " in " << one_line(options.out) << '\n';
    return;
  }
  Table table({{"name", true}, {"shape", true}, {"line"}, {"microgpt.py", true}, {"TransformerLens", true}});
  head["arrays"] = ordered_json::array();
  for (const NamedArray& array : arrays) {
    ordered_json entry = {{"name", array.name}, {"shape", array.shape}};
    std::vector<Cell> row = {{array.name}, {shape_text(array)}};
    for (const SiteInfo& site : kSites) {
      for (int layer = 0; layer < (site.in_layer ? subject.model().config.n_layer : 1); ++layer) {
        if (array.name != study::site_name(site.site, layer)) continue;
        const std::string hook =
            site.transformer_lens.empty() || !site.in_layer
                ? std::string(site.transformer_lens)
                : "blocks." + std::to_string(layer) + "." + std::string(site.transformer_lens);
        entry["line"] = site.line;
        entry["microgpt.py"] = site.source;
        entry["transformer_lens"] = hook;
        row.insert(row.end(), {{std::to_string(site.line)}, {std::string(site.source)}, {hook}});
      }
    }
    head["arrays"].push_back(entry);
    table.add(row);
  }
  if (options.json) {
    std::cout << head.dump() << '\n';
  } else {
    table.print(std::cout, screen(options.width));
  }
}

}  // namespace

void add_trace_view(CLI::App& study) {
  auto options = std::make_shared<TraceOptions>();
  CLI::App& view = *study.add_subcommand("trace", "Every activation of a run as named arrays");
  add_study_options(view, *options);
  add_text_option(view, *options);
  view.add_option("--out", options->out, "File to write: .json, .npz or .safetensors")->check(check_path);
  view.add_flag("--grad", options->gradient, "The gradients of the mean loss too, as NAME.grad");
  view.add_flag("--list", options->list,
                "A table of names, shapes, lines of microgpt.py and TransformerLens's names");
  view.footer("Example:\n  microgpt study trace --model runs/names-1 --text emma --grad --out emma.npz");
  view.callback([options] { trace(*options); });
}

}  // namespace microgpt::cli
