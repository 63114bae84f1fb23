#include "microgpt/text/gather.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "microgpt/base/file.hpp"
#include "microgpt/base/sha256.hpp"
#include "support/encodings.hpp"
#include "support/errors.hpp"
#include "support/faulty_calls.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("text") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;
  using Strings = std::vector<std::string>;

  std::string no_input() {
    throw std::runtime_error("standard input was not asked for");
  }

  GatheredText gather(const Strings& arguments, DataMode mode = DataMode::lines,
                      const std::string& encoding = "") {
    return gather_texts(arguments, {.mode = mode, .encoding = encoding}, no_input);
  }
  Failure refused(const Strings& arguments, const std::string& encoding = "") {
    return failure_of([&] { gather(arguments, DataMode::lines, encoding); });
  }

  /// Texts in a folder of their own, to be named by it.
  class Texts {
   public:
    Texts(std::initializer_list<std::pair<std::string, std::string>> files) {
      for (const auto& [name, bytes] : files) add(name, bytes);
    }
    void add(const std::string& name, const std::string& bytes) {
      std::filesystem::create_directories((folder_ / name).parent_path());
      write_bytes(folder_ / name, bytes);
    }
    [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }
    [[nodiscard]] std::string all() const { return folder_.path().string(); }
    [[nodiscard]] Strings each(const Strings& names) const {
      Strings paths;
      for (const auto& name : names) paths.push_back(at(name));
      return paths;
    }
    /// Paths as they are within the folder.
    template <class Named>
    [[nodiscard]] Strings names(const std::vector<Named>& found) const {
      Strings names;
      for (const auto& each : found) names.push_back(each.path.lexically_relative(folder_.path()).string());
      return names;
    }

   private:
    TempFolder folder_;
  };

  std::string why(const GatheredText& text, const std::string& path) {
    for (const LeftOut& each : text.left_out) {
      if (each.path == path) return each.why;
    }
    return "(it was not left out)";
  }

  }  // namespace

  TEST_CASE("gather: one file in UTF-8 is taken as it is, without being read") {
    const Texts texts{{"a.txt", "not \xff UTF-8"}};
    for (const char* encoding : {"", "utf-8", "UTF8"}) {
      const auto text = gather({texts.at("a.txt")}, DataMode::lines, encoding);
      CHECK(text.is_one_plain_file);
      CHECK(text.bytes.empty());
      CHECK(text.name == texts.at("a.txt"));
      REQUIRE(text.sources.size() == 1);
      CHECK(text.sources[0].path == texts.at("a.txt"));
      CHECK(text.sources[0].bytes == 11);
    }
  }

  TEST_CASE("gather: files are joined in their order, so that no two documents run together") {
    const Texts texts{{"a", "1\n2"},  {"b", "3\n"},   {"c", "4\r\n"}, {"d", "5\r"},
                      {"e", "6\n\n"}, {"f", "7\r\r"}, {"g", "8"}};
    const Strings paths = texts.each({"a", "b", "c", "d", "e", "f", "g"});
    const auto lines = gather(paths);
    CHECK(lines.bytes == "1\n2\n3\n4\r\n5\r\n6\n\n7\r\r\n8");
    CHECK_FALSE(lines.is_one_plain_file);
    CHECK(texts.names(lines.sources) == Strings{"a", "b", "c", "d", "e", "f", "g"});
    CHECK(lines.sources[0].bytes == 3);
    CHECK(lines.name == texts.at("a") + " and 6 more");
    CHECK(lines.notices.empty());
    for (const DataMode mode : {DataMode::paragraphs, DataMode::stream}) {
      CHECK(gather(paths, mode).bytes == "1\n2\n\n3\n\n4\r\n\n5\r\n\n6\n\n7\r\r\n8");
    }
    CHECK(gather(texts.each({"g", "a"})).bytes == "8\n1\n2");

    // The documents are those of the single files, however each ends.
    Strings expected;
    for (const auto& path : paths) {
      const auto one = Dataset::load(path, DataMode::paragraphs, ByteOrderMark::drop);
      for (const auto document : one.documents()) expected.emplace_back(document);
    }
    const auto joined = Dataset::from_text(gather(paths, DataMode::paragraphs).bytes, DataMode::paragraphs,
                                           ByteOrderMark::drop);
    const auto documents = joined.documents();
    CHECK(Strings(documents.begin(), documents.end()) == expected);
  }

  TEST_CASE("gather: the text has the digest of a file that holds it") {
    const Texts texts{{"a", "\xef\xbb\xbfone\r\ntwo"}, {"b", "\xef\xbb\xbfthree"}};
    const auto text = gather(texts.each({"a", "b"}), DataMode::stream);
    CHECK(text.bytes == "one\r\ntwo\n\nthree");
    const TempFolder kept;
    write_bytes(kept / "text.txt", text.bytes);
    const auto from_memory = Dataset::from_text(text.bytes, DataMode::stream, ByteOrderMark::drop, text.name);
    const auto from_file = Dataset::load(kept / "text.txt", DataMode::stream, ByteOrderMark::drop);
    CHECK(from_memory.digest() == sha256(text.bytes));
    CHECK(from_memory.digest() == from_file.digest());
    CHECK(from_memory.text() == from_file.text());
    CHECK(from_memory.text() == "one\ntwo\n\nthree");
    // Two marks were dropped, and it is said of which.
    REQUIRE(text.notices.size() == 1);
    CHECK(text.notices[0].find("byte order mark") != std::string::npos);
    CHECK(text.notices[0].find(texts.at("a")) != std::string::npos);
    CHECK(text.notices[0].find(texts.at("b")) != std::string::npos);
  }

  TEST_CASE("gather: a folder stands for its text files, sorted by their paths") {
    Texts texts{{"b.txt", "b"}, {"a/z.txt", "az"}, {"a/B.md", "aB"},
                {"a.txt", "a"}, {"a-b", "a-b"},    {"Z", "Z"}};
    texts.add("\xc3\xa9.txt", "e");
    texts.add("new\nline", "n");
    texts.add("--config", "c");
    texts.add("\xff.txt", "ff");
    const auto text = gather({texts.all()});
    CHECK(text.bytes == "c\nZ\na-b\na\naB\naz\nb\nn\ne\nff");
    CHECK(texts.names(text.sources)
          == Strings{"--config", "Z", "a-b", "a.txt", "a/B.md", "a/z.txt", "b.txt", "new\nline",
                     "\xc3\xa9.txt", "\xff.txt"});
    CHECK(text.left_out.empty());
    CHECK(gather({texts.all() + "/"}).bytes == text.bytes);
    CHECK_FALSE(gather({texts.at("a")}).is_one_plain_file);
    CHECK(gather({texts.at("a"), texts.at("Z")}).bytes == "aB\naz\nZ");
  }

  TEST_CASE("gather: what in a folder is no text is left out and named") {
    using namespace std::string_literals;
    Texts texts{{"a.txt", "a\n"},           {".hidden", "h"},          {".git/config", "g"},
                {"p.PNG", "text"},          {"m.safetensors", "text"}, {"nul", "ab\0c"s},
                {"paper", "%PDF-1.4\n"},    {"zip", "PK\x03\x04\xff"}, {"empty", ""},
                {"blank", " \n\xc2\xa0\n"}, {"z/q.jpeg", "text"}};
    REQUIRE(::mkfifo(texts.at("fifo").c_str(), 0600) == 0);
    std::filesystem::create_symlink(texts.at("a.txt"), texts.at("link"));
    std::filesystem::create_hard_link(texts.at("a.txt"), texts.at("z/same"));
    std::filesystem::create_directory_symlink(texts.at("z"), texts.at("zz"));
    const auto text = gather({texts.all()});
    CHECK(text.bytes == "a\n");
    CHECK(texts.names(text.sources) == Strings{"a.txt"});
    CHECK(why(text, texts.at(".hidden")) == "hidden");
    CHECK(why(text, texts.at(".git")) == "hidden");
    for (const char* name : {"p.PNG", "m.safetensors", "nul", "paper", "zip", "z/q.jpeg"}) {
      CAPTURE(name);
      CHECK(why(text, texts.at(name)) == "not a text");
    }
    CHECK(why(text, texts.at("empty")) == "empty");
    CHECK(why(text, texts.at("blank")) == "only white space");
    CHECK(why(text, texts.at("fifo")) == "not a regular file");
    CHECK(why(text, texts.at("link")) == "met before");
    CHECK(why(text, texts.at("z/same")) == "met before");
    CHECK(why(text, texts.at("zz")) == "met before");
    CHECK(text.left_out.size() == 14);
    REQUIRE(text.notices.size() == 1);
    CHECK(text.notices[0].find("and 11 more") != std::string::npos);
    // Whoever names such a file means it.
    CHECK(gather({texts.at("p.PNG"), texts.at(".hidden"), texts.at("nul")}).bytes == "text\nh\nab\0c"s);
  }

  TEST_CASE("gather: the folder of a training run is not read for texts") {
    Texts texts{{"a.txt", "a\n"},
                {"runs/names-1/config.json", "{}"},
                {"runs/names-1/samples.txt", "s\n"},
                {"runs/names-1/checkpoints/x", "x\n"},
                {"more/config.json", "{}\n"},
                {"more/checkpoints", "no folder\n"},
                {"z/checkpoints/y", "y\n"}};
    const auto text = gather({texts.all()});
    CHECK(text.bytes == "a\nno folder\n{}\ny\n");
    CHECK(why(text, texts.at("runs/names-1")) == "a training run");
    CHECK(text.left_out.size() == 1);
    CHECK(gather({texts.at("runs/names-1/samples.txt"), texts.at("a.txt")}).bytes == "s\na\n");
    // Whoever names it means it.
    CHECK(gather({texts.at("runs/names-1")}).bytes == "x\n{}\ns\n");
  }

  TEST_CASE("gather: texts that are empty are left out and named") {
    const Texts texts{{"a", ""}, {"b", "b"}, {"c", "\n \n"}, {"d", "\xef\xbb\xbf"}, {"e", "e"}};
    const auto text = gather(texts.each({"a", "b", "c", "d", "e"}), DataMode::stream);
    CHECK(text.bytes == "b\n\ne");
    CHECK(texts.names(text.sources) == Strings{"b", "e"});
    CHECK(texts.names(text.left_out) == Strings{"a", "c", "d"});
    const Failure nothing = refused(texts.each({"a", "c", "d"}));
    CHECK(nothing.is(Fault::data,
                     {.what = "no documents", .where = texts.at("a"), .hint = "any of the texts"}));
    CHECK(nothing.is_one_line());
  }

  TEST_CASE("gather: a folder without a text is refused with what it has") {
    Texts texts{{"pictures/a.png", "x"}};
    std::filesystem::create_directory(texts.at("empty"));
    const Failure pictures = refused({texts.at("pictures")});
    CHECK(pictures.is(Fault::data,
                      {.what = "no texts in the folder", .where = texts.at("pictures"), .hint = "a.png"}));
    const Failure empty = refused({texts.at("empty")});
    CHECK(empty.is(Fault::data,
                   {.what = "no texts in the folder", .where = texts.at("empty"), .hint = "empty"}));
  }

  TEST_CASE("gather: what is given twice is refused") {
    Texts texts{{"a", "a"}, {"f/b", "b"}, {"f/c", "c"}};
    std::filesystem::create_symlink(texts.at("a"), texts.at("link"));
    for (const Strings& twice :
         {Strings{"a", "a"}, {"a", "link"}, {"f", "f"}, {"f", "a", "f/b"}, {"f", "f/../a", "a"}}) {
      const Failure got = refused(texts.each(twice));
      CAPTURE(got.message);
      CHECK(got.is(Fault::usage, {.what = "text given twice", .where = texts.at(twice.back())}));
    }
    const auto input = [] { return std::string("x"); };
    const Failure got = failure_of([&] { gather_texts({"-", "-"}, {}, input); });
    CHECK(got.is(Fault::usage, {.what = "text given twice", .where = "standard input"}));
    // In a folder it is left out instead: there nobody named it.
    const auto text = gather(texts.each({"f/c", "f"}));
    CHECK(text.bytes == "c\nb");
    CHECK(why(text, texts.at("f/c")) == "met before");
  }

  TEST_CASE("gather: what cannot be read is refused in one line that names it") {
    Texts texts{{"a", "a"}, {"f/closed", "x"}, {"f/a", "a"}};
    std::filesystem::create_symlink(texts.at("loop"), texts.at("loop"));
    for (const auto& [name, reason] : {std::pair{"missing", "No such file"}, {"loop", "symbolic links"}}) {
      for (const Strings& arguments : {Strings{texts.at(name)}, {texts.at("a"), texts.at(name)}}) {
        const Failure got = refused(arguments);
        CAPTURE(got.message);
        CHECK(got.is(Fault::data, {.what = "cannot read file", .where = texts.at(name), .hint = reason}));
      }
    }
    CHECK(refused({"/dev/null"}).is(Fault::data, {.where = "/dev/null", .hint = "not a regular file"}));
    std::set<FileIdentity> met;
    const Failure no_folder = failure_of([&] { texts_in_folder(texts.at("missing"), false, met); });
    CHECK(no_folder.is(Fault::data, {.what = "cannot read file", .where = texts.at("missing")}));
    CHECK(refused({}).fault == static_cast<int>(Fault::usage));

    std::filesystem::create_symlink(texts.at("nowhere"), texts.at("f/dangling"));
    CHECK(refused({texts.at("f")})
              .is(Fault::data, {.what = "cannot read file", .where = texts.at("f/dangling")}));
    std::filesystem::remove(texts.at("f/dangling"));
    std::filesystem::create_directory_symlink("..", texts.at("f/up"));
    const Failure back = refused({texts.at("f")});
    CHECK(back.is(Fault::data, {.where = texts.at("f/up/f"), .hint = "leads back"}));
    std::filesystem::remove(texts.at("f/up"));

    const bool is_root = ::geteuid() == 0;  // who may read anything, until it is somebody else
    std::filesystem::permissions(texts.all(), std::filesystem::perms::all);
    std::filesystem::permissions(texts.at("f/closed"), std::filesystem::perms::none);
    if (is_root) REQUIRE(::seteuid(65534) == 0);
    const Failure closed = refused({texts.at("f")});
    if (is_root) REQUIRE(::seteuid(0) == 0);
    std::filesystem::permissions(texts.at("f"), std::filesystem::perms::none);
    if (is_root) REQUIRE(::seteuid(65534) == 0);
    const Failure folder = refused({texts.at("f")});
    if (is_root) REQUIRE(::seteuid(0) == 0);
    std::filesystem::permissions(texts.at("f"), std::filesystem::perms::all);
    CHECK(closed.is(Fault::data, {.where = texts.at("f/closed"), .hint = "Permission denied"}));
    CHECK(folder.is(Fault::data, {.where = texts.at("f"), .hint = "Permission denied"}));
  }

  TEST_CASE("gather: a fault in a text is told with the name, line and byte of that text") {
    using namespace std::string_literals;
    const Texts texts{{"a", "one\ntwo\n"},
                      {"b", "three\nL\xf5rinc au\n"},
                      {"f/utf16", "\xff\xfe\x61\0"s},
                      {"g/utf32", "\0\0\xfe\xff\0\0\0\x61"s}};
    const Failure got = refused(texts.each({"a", "b"}));
    CHECK(got.is(
        Fault::data,
        {.what = "not valid UTF-8", .where = texts.at("b") + ", line 2, byte 7", .hint = "--encoding NAME"}));
    CHECK(refused({texts.at("f")})
              .is(Fault::data,
                  {.where = texts.at("f/utf16") + ", line 1, byte 0", .hint = "--encoding utf-16"}));
    CHECK(refused({texts.at("g")}).is(Fault::data, {.what = "not valid UTF-8", .hint = "--encoding utf-32"}));
    const auto input = [] { return std::string("x\n\n\xff y"); };
    const Failure from_input = failure_of([&] { gather_texts({"-"}, {}, input); });
    CHECK(from_input.is(Fault::data, {.where = "standard input, line 3, byte 3"}));
  }

  TEST_CASE("gather: an encoding is that of every text") {
    if (!is_known_here("utf-16")) return;
    using namespace std::string_literals;
    const Texts texts{{"a", "\xff\xfe\xe9\0\n\0"s}, {"b", "x\0y\0"s}, {"bad", "x\0y"s}};
    const auto text = gather(texts.each({"a", "b"}), DataMode::lines, "utf-16");
    CHECK(text.bytes == "\xc3\xa9\nxy");
    CHECK(text.sources[0].bytes == 6);
    CHECK(text.notices.empty());
    CHECK(gather({texts.at("b")}, DataMode::lines, "utf-16le").bytes == "xy");
    CHECK(gather(texts.each({"b", "a"}), DataMode::stream, "utf-16").bytes == "xy\n\n\xc3\xa9\n");
    CHECK(refused(texts.each({"a", "bad"}), "utf-16")
              .is(Fault::data, {.what = "not valid utf-16", .where = texts.at("bad") + ", line 1, byte 2"}));
    CHECK(refused(texts.each({"a", "missing"}), "nonsense").is(Fault::usage, {.what = "bad --encoding"}));
    // In a folder UTF-16 is no binary file.
    Texts folder{{"f/a", "x\0\n\0"s}};
    CHECK(gather({folder.all()}, DataMode::lines, "utf-16le").bytes == "x\n");
  }

  TEST_CASE("gather: plain ASCII that is read as UTF-16 is told") {
    if (!is_known_here("utf-16le")) return;
    using namespace std::string_literals;
    const Texts texts{{"a", "abcdef"}, {"b", "a\0b\0"s}};
    const auto text = gather(texts.each({"a", "b"}), DataMode::lines, "utf-16le");
    REQUIRE(text.notices.size() == 1);
    CHECK(text.notices[0].find("'" + texts.at("a") + "'") != std::string::npos);
    CHECK(text.notices[0].find("'" + texts.at("b") + "'") == std::string::npos);
  }

  TEST_CASE("gather: a text that is UTF-8 though another encoding was named is told") {
    if (!is_known_here("iso-8859-1")) return;
    const Texts texts{{"a", "caf\xe9\n"}, {"b", "caf\xc3\xa9\n"}, {"c", "plain\n"}};
    const auto text = gather(texts.each({"a", "b", "c"}), DataMode::lines, "iso-8859-1");
    CHECK(text.bytes == "caf\xc3\xa9\ncaf\xc3\x83\xc2\xa9\nplain\n");
    REQUIRE(text.notices.size() == 1);
    CHECK(text.notices[0].find("'" + texts.at("b") + "'") != std::string::npos);
    CHECK(text.notices[0].find("'" + texts.at("c") + "'") == std::string::npos);
  }

  TEST_CASE("gather: standard input is read where it stands among the arguments") {
    const Texts texts{{"a", "a"}, {"z", "z"}};
    int asked = 0;
    const auto input = [&] {
      ++asked;
      return std::string("\xef\xbb\xbfone\ntwo");
    };
    const auto text = gather_texts({texts.at("a"), "-", texts.at("z")}, {}, input);
    CHECK(text.bytes == "a\none\ntwo\nz");
    CHECK(asked == 1);
    CHECK(text.sources[1].path == "-");
    CHECK(text.sources[1].bytes == 10);
    const auto alone = gather_texts({"-"}, {}, input);
    CHECK_FALSE(alone.is_one_plain_file);
    CHECK(alone.bytes == "one\ntwo");
    CHECK(alone.name == "standard input");
    const Failure empty = failure_of([] { gather_texts({"-"}, {}, [] { return std::string(" \n"); }); });
    CHECK(empty.is(Fault::data, {.what = "no documents", .where = "standard input"}));
  }

  TEST_CASE("gather: a pipe is read to its end") {
    const TempFolder folder;
    REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
    std::string sent;
    for (int i = 0; i < 100'000; ++i) sent += std::to_string(i) + "\n";
    {
      FaultyCalls faulty(0, FaultKind::io_error, false);
      faulty.begin();
      const Failure got = refused({(folder / "fifo").string()});
      CHECK(got.is(Fault::data, {.what = "cannot read file", .where = (folder / "fifo").string()}));
    }
    std::thread writer([&] { write_bytes(folder / "fifo", sent); });
    const auto text = gather({(folder / "fifo").string()});
    writer.join();
    CHECK_FALSE(text.is_one_plain_file);
    const bool whole = text.bytes == sent;
    CHECK(whole);
    CHECK(text.sources[0].bytes == sent.size());
  }

  TEST_CASE("gather: a process substitution and a file by its descriptor are kept") {
    int ends[2] = {-1, -1};
    REQUIRE(::pipe(ends) == 0);
    REQUIRE(::write(ends[1], "p\n", 2) == 2);
    ::close(ends[1]);
    const auto substituted = gather({"/dev/fd/" + std::to_string(ends[0])});
    ::close(ends[0]);
    CHECK(substituted.bytes == "p\n");
    CHECK_FALSE(substituted.is_one_plain_file);

    const Texts texts{{"a", "a\n"}};
    const Descriptor file(texts.at("a"), O_RDONLY);
    const auto passing = gather({"/dev/fd/" + std::to_string(file.fd())});
    CHECK_FALSE(passing.is_one_plain_file);
    CHECK(passing.bytes == "a\n");
    const std::string process = "/proc/self/fd/" + std::to_string(file.fd());
    if (std::filesystem::exists(process)) CHECK_FALSE(gather({process}).is_one_plain_file);
  }

  TEST_CASE("gather: texts of more than 4 GiB are refused before they are read") {
    Texts texts{{"a", "a"}, {"large", ""}};
    std::filesystem::resize_file(texts.at("large"), (std::uintmax_t{1} << 32) - 1);  // of nothing
    const Failure got = refused(texts.each({"a", "large"}));
    CHECK(got.is(Fault::data, {.what = "too large", .where = texts.at("large"), .hint = "4 GiB"}));
  }

  TEST_CASE("gather: every system call may fail") {
    Texts texts{{"f/a", "a\n"}, {"f/b", "b\n"}, {"c", "c\n"}};
    for (const FaultKind kind : {FaultKind::io_error, FaultKind::interrupted}) {
      FaultyCalls whole(1'000'000, kind, false);
      whole.begin();
      CHECK(gather(texts.each({"f", "c"})).bytes == "a\nb\nc\n");
      const int calls = whole.calls();
      CHECK(calls > 12);
      for (int at = 0; at < calls; ++at) {
        CAPTURE(at);
        FaultyCalls faulty(at, kind, false);
        faulty.begin();
        const Failure got = refused(texts.each({"f", "c"}));
        if (kind == FaultKind::interrupted) {
          CHECK(got.fault == 0);
        } else if (got.fault != 0) {
          CHECK(got.fault == static_cast<int>(Fault::data));
          CHECK(got.is_one_line());
        }
      }
    }
  }
}
