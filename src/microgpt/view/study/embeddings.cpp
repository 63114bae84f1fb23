// study embeddings: the rows of wte, or of wpe, as points.
#include "microgpt/study/embeddings.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "microgpt/study/numbers.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace {

constexpr OptionSpec kEmbeddingsOptions[] = {
    amount_option("--top", "Number of nearest rows shown for each row", "3", 0, 1000),
    amount_option("--rows", "Number of rows shown; 0 shows all", "32", 0, 10'000'000),
    text_option("--text", "TEXT", "Show the tokens of this text").excluding("--positions"),
    flag_option("--positions", "Show the positions (wpe) instead of the tokens (wte)"),
};

constexpr std::size_t kMostPoints = 300;  // on one map

/// The rows to be shown, and which they are in words.
struct ShownRows {
  std::vector<Index> rows;
  std::string which;
};

ShownRows choose_rows(const Subject& subject, const Options& options, In<double> x) {
  const auto all = static_cast<std::size_t>(x.rows());
  const auto asked = static_cast<std::size_t>(options.whole("--rows", 32));
  const std::size_t most = asked == 0 ? all : std::min(asked, all);
  ShownRows shown;
  if (const auto text = options.text("--text")) {
    for (const Token token : distinct_tokens(subject.text(*text))) shown.rows.push_back(token);
    const std::size_t distinct = shown.rows.size();
    // Tokens that were asked for by name are not left out unless a number was, too.
    if (options.given("--rows")) shown.rows.resize(std::min(distinct, most));
    shown.which = shown.rows.size() < distinct
                      ? "the first " + std::to_string(shown.rows.size()) + " of the text"
                      : "those of the text";
  } else if (most == all || options.flag("--positions")) {
    shown.rows.resize(most);
    std::iota(shown.rows.begin(), shown.rows.end(), Index{0});
    shown.which = (most == all ? "all " : "the first " + with_commas(most) + " of ") + with_commas(all);
  } else {
    for (const std::size_t row : study::ranked(study::row_lengths(x), most)) {
      shown.rows.push_back(static_cast<Index>(row));
    }
    shown.which = "the " + with_commas(most) + " longest of " + with_commas(all);
  }
  return shown;
}

/// 1 -> "1st".
std::string ordinal(std::size_t n) {
  const bool teen = n % 100 / 10 == 1;
  const char* ending = teen ? "th" : n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
  return std::to_string(n) + ending;
}

/// The rows by their first two components, at columns x and x + 1 of the table.
std::optional<Figure> map_of(bool positions, std::size_t x) {
  return Figure{.kind = Figure::Kind::scatter,
                .title = positions ? "Positions along the first two principal components"
                                   : "Tokens along the first two principal components",
                .x = x,
                .y = {x + 1},
                .label = 0,
                .x_title = "principal component 1",
                .y_title = "principal component 2"};
}

Page make_embeddings(const Request& request) {
  const Subject& subject = *request.subject;
  const Options& options = request.options;
  const bool positions = options.flag("--positions");
  const ConstView<double> x = positions ? subject.model().parameters.wpe() : subject.model().parameters.wte();
  const auto name = [&](Index row) {
    return positions ? std::to_string(row) : subject.label(static_cast<Token>(row));
  };
  const ShownRows shown = choose_rows(subject, options, x);
  const auto top =
      std::min(static_cast<std::size_t>(options.whole("--top", 3)), static_cast<std::size_t>(x.rows()) - 1);
  const auto near = study::neighbours(x, shown.rows, top, request.progress);
  const auto components = study::principal_components(x, std::min<Index>(3, x.cols()));

  Page page{
      .view = "embeddings",
      .about =
          "Every row of an embedding table is a point. Rows that point in the same direction mean much the "
          "same to the model; the principal components are the directions in which the rows vary most."};
  page.facts = {{"tensor", "table", positions ? "wpe" : "wte"},
                {"rows", positions ? "positions shown" : "tokens shown", shown.which}};
  Section section{.key = "rows", .title = positions ? "Positions" : "Tokens"};
  section.table.columns = {{"row", positions ? "position" : "token"}, {"length", "length", number(3)}};
  for (std::size_t n = 1; n <= top; ++n) {
    section.table.columns.push_back({"nearest_" + std::to_string(n), ordinal(n)});
    section.table.columns.push_back({"cosine_" + std::to_string(n), "cosine", fixed(2)});
  }
  const std::size_t first_component = section.table.columns.size();
  for (Index k = 0; k < components.explained.size(); ++k) {
    const std::string number = std::to_string(k + 1);
    section.table.columns.push_back({"component_" + number, "PC " + number, fixed(3)});
    page.facts.push_back({"explained_" + number, "variance along principal component " + number,
                          components.explained(k), percent(0)});
  }
  for (std::size_t i = 0; i < shown.rows.size(); ++i) {
    const Index r = shown.rows[i];
    std::vector<Value> row = {name(r), study::norm({x.row(r).data(), static_cast<std::size_t>(x.cols())})};
    for (const study::NearRow& other : near[i]) {
      row.push_back(name(other.row));
      row.push_back(other.cosine);
    }
    for (Index k = 0; k < components.coordinates.cols(); ++k) row.push_back(components.coordinates(r, k));
    section.table.rows.push_back(std::move(row));
  }
  if (shown.rows.size() < static_cast<std::size_t>(x.rows())) {
    section.table.total_rows = static_cast<std::size_t>(x.rows());
    section.table.more = positions ? "--rows 0 shows all" : "--rows 0 shows all, --text TEXT those of a text";
  }
  section.note =
      top > 0 ? "The nearest rows are searched in the whole table and are followed by their cosines." : "";
  if (components.coordinates.cols() >= 2 && shown.rows.size() <= kMostPoints) {
    section.figure = map_of(positions, first_component);
  } else if (shown.rows.size() > kMostPoints) {
    section.note += std::string(section.note.empty() ? "" : " ") + "A map is drawn of at most "
                    + std::to_string(kMostPoints) + " rows.";
  }
  page.sections = {section};
  return page;
}

}  // namespace

ViewSpec embeddings_view() {
  return {.name = "embeddings",
          .about = "Tokens as points: nearest neighbours, principal components, a map",
          .example = "embeddings",
          .options = kEmbeddingsOptions,
          .make = make_embeddings};
}

}  // namespace microgpt::view
