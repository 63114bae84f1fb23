// What the topics share: names of tokens, rows of a trace, addresses of weights.
#include <algorithm>
#include <charconv>

#include "cli/explain_topics.hpp"
#include "cli/terminal.hpp"

namespace microgpt::cli::explain {

std::string token_text(const Tokenizer& tokenizer, Token token) {
  if (token == tokenizer.bos()) return "BOS";
  const std::string character = tokenizer.decode({&token, 1});
  return character == " " ? "\xe2\x90\xa3" : one_line(character);
}

Numbers row_of(const study::Trace& trace, Site site, int layer, int position) {
  const Matrix<double> values = trace.values(site, layer);
  return {values.row(position).begin(), values.row(position).end()};
}

Lines lines_of_site(Site site) {
  return {info(site).line, info(site).line};
}

study::Address end_of_stream(const ModelConfig& config) {
  if (config.n_layer == 0) return {.site = Site::embed_norm};
  return {.site = Site::resid_post, .layer = config.n_layer - 1};
}

WeightAddress parse_weight(const std::string& text, const Parameters<double>& parameters) {
  const auto refuse = [&](const std::string& why) {
    throw Error(Fault::usage, "bad --weight: '" + text + "': " + why);
  };
  const std::string name = text.substr(0, text.find('['));
  const auto& table = parameters.table();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const TensorSpec& t) { return t.name == name; });
  if (found == table.end()) {
    std::string names;
    for (const TensorSpec& tensor : table) names += (names.empty() ? "" : ", ") + tensor.name;
    refuse("no such tensor: there are " + names);
  }
  const std::string shape = std::to_string(found->rows) + " x " + std::to_string(found->cols);
  WeightAddress weight{.tensor = static_cast<std::size_t>(found - table.begin())};
  const char* at = text.data() + std::min(text.size(), name.size() + 1);
  const char* const end = text.data() + text.size();
  const auto row = std::from_chars(at, end, weight.row);
  bool good = row.ec == std::errc() && row.ptr != end && *row.ptr == ',';
  if (good) {
    at = row.ptr + 1;
    while (at != end && *at == ' ') ++at;
    const auto column = std::from_chars(at, end, weight.column);
    good = column.ec == std::errc() && end - column.ptr == 1 && *column.ptr == ']';
  }
  if (!good) refuse("write row and column as in " + name + "[0,0]; it is " + shape);
  if (weight.row < 0 || weight.row >= found->rows || weight.column < 0 || weight.column >= found->cols) {
    refuse(name + " is " + shape + ": rows 0 to " + std::to_string(found->rows - 1) + ", columns 0 to "
           + std::to_string(found->cols - 1));
  }
  return weight;
}

std::string to_string(const WeightAddress& weight, const Parameters<double>& parameters) {
  return parameters.table()[weight.tensor].name + "[" + std::to_string(weight.row) + ","
         + std::to_string(weight.column) + "]";
}

}  // namespace microgpt::cli::explain
