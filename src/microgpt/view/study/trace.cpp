// study trace: every activation of a run as a named array, also as a file for other programs.
#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "microgpt/base/error.hpp"
#include "microgpt/io/atomic_file.hpp"
#include "microgpt/io/safetensors.hpp"
#include "microgpt/study/export.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace {

constexpr OptionSpec kTraceOptions[] = {
    kTextOption,
    text_option("--out", "FILE",
                "File to write the arrays to, as JSON, NumPy's .npz or safetensors by its name's ending"),
    flag_option("--gradient",
                "Include the gradients of the mean loss, as NAME.grad, and those of the weights"),
    amount_option("--top", "Number of arrays listed; 0 lists all. The file always has all of them", "50"),
};

using Arrays = std::vector<study::NamedArray>;

/// The numbers of an array as lists in lists; null for what JSON has no digits for, as the scores that are masked.
nlohmann::ordered_json nested_lists(const study::NamedArray& array, std::size_t axis, std::size_t& next) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < array.shape[axis]; ++i) {
    if (axis + 1 < array.shape.size()) {
      list.push_back(nested_lists(array, axis + 1, next));
    } else {
      const double value = array.values[next++];
      list.push_back(std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr));
    }
  }
  return list;
}

std::string arrays_as_json(const Subject& subject, const std::string& text, const Batch& batch,
                           const Arrays& arrays) {
  nlohmann::ordered_json document = {
      {"view", "trace"}, {"text", text}, {"tokens", nlohmann::ordered_json::array()}};
  for (const Token token : batch.token) document["tokens"].push_back(subject.label(token));
  for (const study::NamedArray& array : arrays) {
    std::size_t next = 0;
    document["arrays"][array.name] = nested_lists(array, 0, next);
  }
  return document.dump() + '\n';
}

void write_arrays(const std::string& path, const Subject& subject, const std::string& text,
                  const Batch& batch, const Arrays& arrays) {
  if (path.ends_with(".safetensors")) {
    std::vector<TensorEntry> tensors;
    for (const study::NamedArray& array : arrays) {
      const std::string_view bytes(reinterpret_cast<const char*>(array.values.data()),
                                   array.values.size() * sizeof(double));
      tensors.push_back({array.name, "F64", {array.shape.begin(), array.shape.end()}, bytes});
    }
    write_safetensors(path, {{"format", "microgpt trace"}, {"text", text}}, tensors);
    return;
  }
  const std::string bytes =
      path.ends_with(".npz") ? study::to_npz(arrays) : arrays_as_json(subject, text, batch, arrays);
  const std::string_view pieces[] = {bytes};
  write_file_atomically(path, pieces);
}

/// "4 x 16".
std::string shape_of_array(const study::NamedArray& array) {
  std::string text;
  for (const std::size_t n : array.shape) text += (text.empty() ? "" : " x ") + std::to_string(n);
  return text;
}

Page make_trace(const Request& request) {
  const Subject& subject = *request.subject;
  const Options& options = request.options;
  const std::string text = *options.text("--text");
  const auto out = options.text("--out");
  if (out && !out->ends_with(".json") && !out->ends_with(".npz") && !out->ends_with(".safetensors")) {
    throw bad_option("--out", printable(*out), "the file's name must end in .json, .npz or .safetensors");
  }
  const Batch batch = subject.text(text);
  const Arrays arrays =
      study::named_arrays(study::run(subject.model(), batch, {}, options.flag("--gradient")));
  if (out) write_arrays(*out, subject, text, batch, arrays);

  std::map<std::string, std::pair<Site, int>> sites;  // by the names of their arrays
  for (const study::Address& at : study::sites_of(subject.config())) {
    sites.try_emplace(study::site_name(at.site, at.layer), at.site, at.layer);
  }
  Section list{.key = "arrays"};
  list.table = {.columns = {{"name", "name"},
                            {"shape", "shape"},
                            {"line", "line", whole()},
                            {"source", "in microgpt.py"},
                            {"transformer_lens", "TransformerLens"}}};
  const auto top = static_cast<std::size_t>(options.whole("--top", 50));
  const std::size_t shown = top == 0 ? arrays.size() : std::min(top, arrays.size());
  for (std::size_t i = 0; i < shown; ++i) {
    std::vector<Value> row = {arrays[i].name, shape_of_array(arrays[i])};
    if (const auto site = sites.find(arrays[i].name); site != sites.end()) {
      const SiteInfo& of = info(site->second.first);
      row.insert(row.end(), {std::int64_t{of.line}, std::string(of.source),
                             hook_name(site->second.first, site->second.second)});
    } else {  // a gradient
      row.resize(5);
    }
    list.table.rows.push_back(std::move(row));
  }
  if (shown < arrays.size()) {
    list.table.total_rows = arrays.size();
    list.table.more = "--top 0 lists all";
  }
  list.note =
      "A shape is positions x channels, preceded by the number of heads where each head has a matrix of its "
      "own. The lines are those of microgpt.py where an activation is computed.";
  Page page{
      .view = "trace", .about = "Every activation of the model on a text, by its name.", .sections = {list}};
  page.facts = {{"text", "text", text},
                {"positions", "positions", static_cast<std::int64_t>(batch.positions()), whole()},
                {"arrays", "arrays", static_cast<std::int64_t>(arrays.size()), whole()}};
  if (out) page.facts.push_back({"file", "written to", *out});
  return page;
}

}  // namespace

ViewSpec trace_view() {
  return {.name = "trace",
          .about = "Every activation of a run as named arrays, on the page or in a file",
          .example = "trace --text emma --gradient --out emma.npz",
          .options = kTraceOptions,
          .make = make_trace};
}

}  // namespace microgpt::view
