// The figures of every view, topic and report, also of texts and models of every size.
#include <doctest/doctest.h>

#include "support/drawing.hpp"
#include "support/errors.hpp"
#include "support/every_page.hpp"
#include "support/process.hpp"

TEST_SUITE("render") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  }  // namespace

  TEST_CASE("render: the figures of every view, topic and report are good SVG, to Python too") {
    const TempFolder folder;
    int number = 0;
    for (const view::Page& page : EveryPage().all()) {
      CAPTURE(page.view);
      const bool has =
          std::any_of(page.sections.begin(), page.sections.end(), [](const view::Section& section) {
            return section.figure && section.table.rows.size() > section.table.totals;
          });
      if (!has) {
        CHECK(failure_of([&] { (void)render::to_svg(page, ""); }).fault == 2);
        continue;
      }
      (void)drawn(page);
      write_bytes(folder / (std::to_string(++number) + ".svg"), render::to_svg(page, ""));
    }
    CHECK(number >= 15);
    const auto python = Process({"/usr/bin/env", "python3", "-c",
                                 "import sys, glob, xml.dom.minidom as m\n"
                                 "files = glob.glob(sys.argv[1] + '/*.svg')\n"
                                 "[m.parse(f) for f in files]\n"
                                 "print(len(files))",
                                 folder.path().string()})
                            .finish();
    CHECK_MESSAGE(python.exit_code == 0, python.err);
    CHECK(python.out == std::to_string(number) + "\n");
  }

  TEST_CASE("render: figures hold for one character, long texts, many layers and thousands of characters") {
    Noise noise(11);
    const view::Subject deep =
        random_subject(noise, {.n_layer = 12, .n_embd = 8, .n_head = 4, .block_size = 64, .vocab_size = 30});
    const view::Subject many = subject_of_many_tokens();
    std::size_t figures = 0;
    const auto check = [&](const view::Subject& subject, std::size_t length) {
      const std::string text = OddText(subject.model(), noise, static_cast<int>(length)).text;
      const std::string target = subject.label(0);
      for (const auto* list : {"study", "explain"}) {
        for (const view::ViewSpec& spec : *list == 's' ? view::study_views() : view::explain_topics()) {
          CAPTURE(spec.name);
          CAPTURE(length);
          const auto takes = [&](std::string_view name) {
            return std::any_of(spec.options.begin(), spec.options.end(),
                               [&](const auto& o) { return o.name == name; });
          };
          Given given;
          if (takes("--data") || spec.needs == view::Needs::nothing) continue;  // of documents, not of a text
          if (takes("--text")) given.emplace_back("--text", text);
          if (takes("--clean")) given = {{"--clean", text}, {"--corrupt", text}, {"--target", target}};
          if (spec.name == "patch") continue;  // two equal texts have nothing to patch
          const MadePage made(spec, subject, given);
          bool has = false;
          for (const view::Section& section : made.page.sections) has = has || section.figure.has_value();
          if (!has) continue;
          (void)drawn(made.page);
          ++figures;
        }
      }
    };
    for (const std::size_t length : {1UL, 4UL, 60UL}) check(deep, length);
    check(many, 12);
    const MadePage neurons(view::neurons_view(), deep, {{"--text", OddText(deep.model(), noise, 60).text}});
    CHECK(drawn(neurons.page).all_of_class("rect", "cell").size() > 32 * 5);
    CHECK(figures > 60);
  }

  TEST_CASE("render: what a view draws can be drawn, each position and each stage of it") {
    const EveryPage pages;
    const Given text = {{"--text", "emma"}};
    const auto figures = [](const MadePage& made) { return drawn(made.page).all("g").size(); };
    const auto with = [&](const Given& more) {
      Given given = text;
      given.insert(given.end(), more.begin(), more.end());
      return given;
    };
    CHECK(figures({view::lens_view(), pages.names(), with({{"--each", ""}})}) == 5);
    CHECK(figures({view::lens_view(), pages.names(), with({{"--position", "2"}})}) == 1);
    CHECK(figures({view::residual_view(), pages.names(), with({{"--each", ""}})}) == 5);
    CHECK(figures({view::residual_view(), pages.names(), with({{"--positions", "3"}})}) == 2);
    const XmlElement lens =
        drawn(MadePage(view::lens_view(), pages.names(), with({{"--position", "2"}})).page);
    const auto stages = 2 * static_cast<std::size_t>(pages.names().config().n_layer) + 1;
    CHECK(points_of(*lens.all_of_class("path", "curve").at(0)).size() == stages);
    // Before and after the norm, in two colours.
    const XmlElement norm = drawn(MadePage(view::rmsnorm_topic(), pages.names(), text).page);
    CHECK(norm.all_of_class("rect", "s0").size() > 2);
    CHECK(norm.all_of_class("rect", "s0").size() == norm.all_of_class("rect", "s1").size());
  }
}
