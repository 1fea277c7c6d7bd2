"""Feeds each rule trees that break it, and trees that do not, and looks for the message and its remedy."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import rooms  # noqa: E402
import rules  # noqa: E402
from functions import functions  # noqa: E402
from source import Tree, blanked  # noqa: E402

PROSE = "// A thing: what it is.\n#pragma once\n"


def found(rule, **files):
    """Messages of `rule` on files named by keyword, `__` for `/` and `_dot_` for `.`."""
    return [f.text for f in rule(tree(**files))]


def tree(**files):
    return Tree({name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()})


class IncludeDirection(unittest.TestCase):
    def refuses(self, path, include):
        findings = rules.include_direction(Tree({path: f'#include "{include}"\n'}))
        self.assertEqual(len(findings), 1, f"{path} -> {include}")
        self.assertIn("against the arrows", findings[0].text)
        self.assertIn("ARROWS", findings[0].text)

    def test_agent_and_controlplane_never_meet(self):
        self.refuses("agent/router/a.cc", "controlplane/store/store.h")
        self.refuses("controlplane/stream/a.cc", "agent/config/config_sink.h")
        self.refuses("agent/agent.cc", "controlplane/controller.h")

    def test_common_includes_neither_of_them_nor_tools(self):
        self.refuses("common/config/a.cc", "agent/router/route.h")
        self.refuses("common/rpc/a.cc", "controlplane/identity/gate.h")
        self.refuses("common/base/a.cc", "tools/wire/head.h")

    def test_product_never_includes_tests(self):
        self.refuses("common/base/a.cc", "tests/harness/process.h")
        self.refuses("tools/yardctl/a.cc", "tests/harness/process.h")

    def test_base_includes_no_other_room(self):
        self.refuses("common/base/a.cc", "common/config/limits.h")

    def test_down_the_arrows_and_within_a_room_is_fine(self):
        self.assertEqual(found(rules.include_direction, agent__router__a_dot_cc='#include "common/base/clock.h"\n#include "agent/router/b.h"\n'),
                         [])
        self.assertEqual(found(rules.include_direction, controlplane__controller_dot_cc='#include "controlplane/store/store.h"\n'), [])

    def test_unknown_room_is_named(self):
        self.assertIn("no known room", found(rules.include_direction, attic__a_dot_cc="")[0])
        self.assertIn("no known room", found(rules.include_direction, agent__attic__a_dot_cc="")[0])

    def test_rows_name_rooms_that_have_rows(self):
        for room, row in rooms.ARROWS.items():
            for target in row:
                self.assertTrue(target.endswith("/*") or target in rooms.ARROWS, f"{room} -> {target}")

    def test_rows_of_product_have_no_cycle(self):
        done, path = set(), []

        def visit(room):
            self.assertNotIn(room, path, f"cycle: {path}")
            if room in done:
                return
            path.append(room)
            for target in rooms.ARROWS[room]:
                if not target.endswith("/*"):
                    visit(target)
            done.add(path.pop())

        for room in rooms.ARROWS:
            visit(room)


class OneHomePerHeader(unittest.TestCase):
    def test_each_header_is_refused_abroad_with_its_remedy(self):
        for include in ["spdlog/spdlog.h", "prometheus/counter.h", "rocksdb/db.h", "yaml-cpp/yaml.h", "openssl/ssl.h", "llhttp.h",
                        "CLI/CLI.hpp", "boost/asio/io_context.hpp", "grpcpp/grpcpp.h", "switchyard/v1/agent.grpc.pb.h",
                        "absl/strings/str_cat.h", "boost/json.hpp", "gtest/gtest.h"]:
            with self.subTest(include):
                findings = rules.one_home_per_header(Tree({"common/stats/a.cc": f"#include <{include}>\n"}))
                self.assertEqual(len(findings), 1)
                self.assertRegex(findings[0].text, r"is at home in .* only: \w+")

    def test_home_and_the_tests_that_mirror_it_are_fine(self):
        self.assertEqual(rules.one_home_per_header(Tree({
            "common/tls/a.cc": "#include <openssl/ssl.h>\n",
            "tests/unit/common/tls/a_test.cc": "#include <openssl/ssl.h>\n#include <gtest/gtest.h>\n",
            "common/base/a.h": '#include "absl/status/statusor.h"\n'})), [])


class Sizes(unittest.TestCase):
    def test_long_file(self):
        self.assertEqual(found(rules.file_size, agent__a_dot_cc="int x;\n" * 600), [])
        self.assertIn("split it by idea", found(rules.file_size, agent__a_dot_cc="int x;\n" * 601)[0])

    def test_long_function(self):
        body = "  Step();\n" * 58
        self.assertEqual(found(rules.function_size, agent__a_dot_cc="void F() {\n" + body + "}\n"), [])
        text = found(rules.function_size, agent__a_dot_cc="void F() {\n" + body + "  Step();\n}\n")
        self.assertEqual(len(text), 1)
        self.assertIn("F has 61 code lines", text[0])
        self.assertIn("name its steps", text[0])

    def test_comments_and_blank_lines_do_not_count(self):
        self.assertEqual(found(rules.function_size, agent__a_dot_cc="void F() {\n" + "  // why\n\n" * 100 + "}\n"), [])

    def measure(self, text):
        return [(f.name, f.line, f.code_lines) for f in functions(blanked(text).split("\n"))]

    def test_functions_are_found_in_every_dress(self):
        self.assertEqual(self.measure("""namespace a {
class B {
 public:
  B() : x_{1}, y_(2) {
    G();
  }
  int F() const noexcept override { return 1; }
  int x_{0};
};
template <typename T>
auto H(T t) -> decltype(t) {
  if (t) {
    return t;
  }
  return [&](int i) { return i; }(1);
}
struct C { int a = 0; };
TEST(Thing, Works) {
  for (;;) { break; }
}
}
"""), [("B", 4, 3), ("int F", 7, 1), ("auto H", 10, 7), ("TEST", 18, 3)])

    def test_braces_in_text_and_comments_are_no_braces(self):
        self.assertEqual(self.measure('void F() {\n  G("{{{");  // {\n  H(\'{\', 1\'000);\n  I(R"x({"{)x");\n}\nvoid J() {}\n'),
                         [("void F", 1, 5), ("void J", 6, 1)])


class BannedWords(unittest.TestCase):
    def test_waiting_for_time(self):
        for call in ["sleep(1)", "std::this_thread::sleep_for(x)", "usleep(5)"]:
            self.assertIn("wait for a condition", found(rules.banned_code, tests__unit__a_test_dot_cc=f"  {call};\n")[0])

    def test_own_clock(self):
        self.assertIn("take a Clock&", found(rules.banned_code, agent__a_dot_cc="auto t = std::chrono::steady_clock::now();\n")[0])
        self.assertEqual(found(rules.banned_code, common__base__clock_dot_cc="std::chrono::steady_clock::now();\n"), [])

    def test_words_in_comments_and_strings_are_fine(self):
        self.assertEqual(found(rules.banned_code, agent__a_dot_cc='// sleep(1)\nconst char* s = "sleep(1)";\n'), [])

    def test_using_namespace_in_a_header(self):
        self.assertIn("name what you use", found(rules.banned_code, agent__a_dot_h="using namespace std;\n")[0])
        self.assertEqual(found(rules.banned_code, agent__a_dot_cc="using namespace std::literals;\n"), [])

    def test_marks_for_later(self):
        for mark in ["TO" + "DO", "FIX" + "ME", "XX" + "X"]:
            self.assertIn("open an issue", found(rules.banned_text, agent__a_dot_cc=f"// {mark}: later\n")[0])

    def test_paths_of_one_machine(self):
        for path in ["/wo" + "rk/x", "/ho" + "me/me/x"]:
            self.assertIn("path of one machine", found(rules.banned_text, README_dot_md=f"see {path}\n")[0])
        self.assertEqual(found(rules.banned_text, README_dot_md="see ~/home/x and a/work/b\n"), [])

    def test_wide_line(self):
        self.assertIn("break the line", found(rules.banned_text, agent__a_dot_cc="x" * 161 + "\n")[0])
        self.assertEqual(found(rules.banned_text, agent__a_dot_cc="x" * 160 + "\n"), [])


class Shape(unittest.TestCase):
    def test_header_without_guard_or_prose(self):
        self.assertIn("#pragma once", found(rules.header_shape, agent__a_dot_h="// A thing: what it is.\n")[0])
        self.assertIn("open with prose", found(rules.header_shape, agent__a_dot_h="#pragma once\n")[0])
        self.assertEqual(found(rules.header_shape, agent__a_dot_h=PROSE), [])

    def test_source_in_no_list(self):
        self.assertIn("this test is in no CMakeLists.txt",
                      found(rules.listed_in_cmake, tests__unit__x__a_test_dot_cc="", tests__unit__CMakeLists_dot_txt="# x/a_test.cc\n")[0])
        self.assertEqual(found(rules.listed_in_cmake, tests__unit__x__a_test_dot_cc="",
                               tests__unit__CMakeLists_dot_txt="yard_test(a SOURCES x/a_test.cc)\n"), [])
        self.assertIn("this source", found(rules.listed_in_cmake, agent__a_dot_cc="", agent__CMakeLists_dot_txt="add_room(agent)\n")[0])

    def test_clock_in_a_pure_room(self):
        self.assertIn("take the time as an argument", found(rules.purity, agent__router__a_dot_cc="SystemClock clock;\n")[0])
        self.assertEqual(found(rules.purity, agent__runtime__a_dot_cc="SystemClock clock;\n"), [])

    def test_cause_and_exit_code_without_a_row(self):
        source = '{Cause::kNone, "none", Side::kNone, 0},\n{Cause::kBad, "bad", Side::kClient, 400},\n'
        self.assertIn("bad is not in docs/operations.md: add a row", found(rules.words_are_documented, common__base__cause_dot_cc=source)[0])
        self.assertEqual(found(rules.words_are_documented, common__base__cause_dot_cc=source, docs__operations_dot_md="| `bad` | 400 |"), [])
        self.assertIn("add a row", found(rules.words_are_documented, tools__yardctl__exit_code_dot_h="  kRefused = 1,  // x\n")[0])

    def test_map_and_folders(self):
        text = "# A\n## Map of rooms\n```\nagent/router/   finds\nagent/ghost/    gone\n```\n"
        messages = found(rules.map_equals_folders, ARCHITECTURE_dot_md=text, agent__router__CMakeLists_dot_txt="",
                         agent__codec__CMakeLists_dot_txt="")
        self.assertEqual(len(messages), 2)
        self.assertIn("agent/ghost/, which is not there", messages[0])
        self.assertIn("agent/codec/ is not on the map", messages[1])
        self.assertIn("is missing", found(rules.map_equals_folders)[0])


if __name__ == "__main__":
    unittest.main()
