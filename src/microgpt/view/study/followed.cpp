#include "microgpt/view/study/followed.hpp"

#include <memory>
#include <string>

#include "microgpt/base/error.hpp"
#include "microgpt/run/run_folder.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::view {

namespace {

void prepare_scalars(Followed& followed, const Options& options) {
  const Subject& subject = *followed.subject;
  if (const auto text = options.text("--text")) followed.text = subject.text(*text);
  std::vector<std::string> names = options.texts("--scalar");
  if (names.empty()) names = study::default_scalars(subject.model(), options.given("--text"));
  for (const std::string& name : names) {
    const auto more =
        study::parse_scalars(name, subject.model(), static_cast<int>(followed.text.positions()));
    followed.scalars.insert(followed.scalars.end(), more.begin(), more.end());
  }
  followed.asked = followed.scalars.size();
  const auto top = static_cast<std::size_t>(options.whole("--top", 20));
  if (top > 0) followed.scalars.resize(std::min(top, followed.scalars.size()));
  if (followed.any_needs_documents()) followed.documents = documents(subject, options);
}

}  // namespace

bool asks_for_scalars(const Options& options) {
  return options.given("--scalar") || options.given("--text") || options.given("--data");
}

Followed follow_scalars(const Request& request, bool losses_suffice) {
  const Options& options = request.options;
  Followed followed;
  const std::size_t most = options.flag("--all-steps") ? 0 : kMostCheckpoints;
  followed.files = find_checkpoints(*options.text("RUN")).size();
  const std::size_t count = most == 0 ? followed.files : std::min(most, followed.files);
  std::size_t done = 0;
  each_checkpoint(
      *options.text("RUN"), most,
      [&](std::shared_ptr<const Checkpoint> checkpoint) {
        const int step = checkpoint->training().step;
        Subject here(std::move(checkpoint), *options.text("RUN"));
        if (!followed.subject) {
          followed.subject.emplace(here);
          if (options.flag("--list")) return false;
          try {
            prepare_scalars(followed, options);
          } catch (const Error& error) {
            // The losses can be shown without the text.
            if (asks_for_scalars(options) || !losses_suffice || error.fault() != Fault::data) throw;
            if (request.warn) request.warn(std::string("no scalars: ") + printable(error.what()));
            followed.scalars.clear();
            return false;
          }
        }
        followed.steps[step] =
            study::measure(here.model(), followed.scalars, followed.text, followed.documents);
        if (request.progress)
          request.progress(std::min(1.0, static_cast<double>(++done) / static_cast<double>(count)));
        return true;
      },
      [&](const PassedOver& one) {
        followed.skipped.push_back(one);
        if (request.warn) request.warn(printable(one.why) + ": skipped");
      });
  return followed;
}

}  // namespace microgpt::view
