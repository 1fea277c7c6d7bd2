// Goal: what yardctl reads and prints, apart from the controller. Method: pure functions, and files in a temporary directory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/base/status.h"
#include "tools/yardctl/completion.h"
#include "tools/yardctl/convergence_text.h"
#include "tools/yardctl/input.h"
#include "tools/yardctl/table.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class InputTest : public testing::Test {
 protected:
  InputTest() : directory_(fs::path(testing::TempDir()) / ("yardctl-" + std::to_string(getpid()))) { fs::create_directories(directory_); }
  ~InputTest() override { fs::remove_all(directory_); }

  void Write(const std::string& name, const std::string& text) { std::ofstream(directory_ / name) << text; }
  absl::StatusOr<Input> Read(const std::string& path) { return Input::Read({path}, no_input_, violations_); }

  fs::path directory_;
  std::istringstream no_input_;
  config::ViolationList violations_;
};

TEST_F(InputTest, ReadsADirectoryInOrderOfNameAndNothingElse) {
  Write("b.yaml", "kind: Upstream\nname: b\nspec: {}\n");
  Write("a.yml", "kind: Upstream\nname: a\nspec: {}\n");
  Write("c.json", R"({"kind": "Upstream", "name": "c", "spec": {}})");
  Write("notes.txt", "not configuration");
  fs::create_directories(directory_ / "d.yaml");
  const absl::StatusOr<Input> input = Read(directory_.string());
  ASSERT_TRUE(input.ok()) << Message(input.status());
  ASSERT_EQ(input->resources().size(), 3u);
  EXPECT_EQ(input->resources()[0].name(), "a");
  EXPECT_EQ(input->resources()[2].name(), "c");
  EXPECT_TRUE(violations_.empty());
}

TEST_F(InputTest, FindsTheSameResourceInTwoFiles) {
  Write("a.yaml", "kind: Upstream\nname: same\nspec: {}\n");
  Write("b.yaml", "kind: Upstream\nname: same\nspec: {}\n");
  ASSERT_TRUE(Read(directory_.string()).ok());
  ASSERT_EQ(violations_.total(), 1u);
  EXPECT_THAT(violations_.kept()[0].reason(), HasSubstr("b.yaml"));
}

TEST_F(InputTest, NamesWhatItCannotRead) {
  const absl::StatusOr<Input> missing = Read((directory_ / "missing.yaml").string());
  EXPECT_THAT(std::string(Message(missing.status())), HasSubstr("missing.yaml: No such file"));
  const absl::StatusOr<Input> empty = Read(directory_.string());
  EXPECT_THAT(std::string(Message(empty.status())), HasSubstr("no *.yaml"));
}

TEST_F(InputTest, PlacesViolationsOfTheController) {
  Write("a.yaml", "kind: Upstream\nname: x\nspec: {}\n");
  Write("b.yaml", "\nkind: Listener\nname: x\nspec:\n  port: 80\n");
  const absl::StatusOr<Input> input = Read(directory_.string());
  ASSERT_TRUE(input.ok());
  v1::Violation violation;
  violation.mutable_resource()->set_kind(v1::KIND_LISTENER);
  violation.mutable_resource()->set_name("x");
  violation.set_field("spec.port");
  input->Locate(violation);
  EXPECT_THAT(violation.file(), HasSubstr("b.yaml"));
  EXPECT_EQ(violation.line(), 5u);
}

TEST(Table, AlignsByCharactersAndHidesControlCharacters) {
  Table table({"NAME", ">COUNT", "NOTE"});
  table.Add({"zürich", "5", "a\x1b[31mb"});
  table.Add({"x", "1234567", ""});
  EXPECT_EQ(table.Text(), "NAME      COUNT  NOTE\nzürich        5  a?[31mb\nx       1234567  -\n");
}

TEST(Words, SayTimesRelativeToNow) {
  ManualClock clock;
  google::protobuf::Timestamp time;
  EXPECT_EQ(RelativeTime(time, clock.WallNow()), "never");
  time.set_seconds(std::chrono::duration_cast<std::chrono::seconds>(clock.WallNow().time_since_epoch()).count() - 90);
  EXPECT_EQ(RelativeTime(time, clock.WallNow()), "1m30s ago");
  EXPECT_EQ(CivilTime(time), "2025-12-31 23:58:30Z");
  time.set_seconds(time.seconds() + 100);
  EXPECT_EQ(RelativeTime(time, clock.WallNow()), "in 10s");
}

TEST(Convergence, TellsEveryKindOfLaggard) {
  v1::Convergence convergence;
  convergence.set_generation(4);
  for (const v1::Laggard::State state : {v1::Laggard::STATE_PENDING, v1::Laggard::STATE_REJECTED, v1::Laggard::STATE_DISCONNECTED}) {
    v1::Laggard* laggard = convergence.add_laggards();
    laggard->set_node("n" + std::to_string(state));
    laggard->set_state(state);
    laggard->set_applied_generation(3);
  }
  const std::string text = ConvergenceText(convergence);
  EXPECT_THAT(text, HasSubstr("n1: pending: no answer yet, serves generation 3\n"));
  EXPECT_THAT(text, HasSubstr("n3: rejected, serves generation 3\n"));
  EXPECT_THAT(text, HasSubstr("n4: disconnected: serves generation 3, gets this one when it returns\n"));
}

TEST(Completion, KnowsEveryVerbInEveryShell) {
  const std::vector<VerbInfo> verbs = {{"apply", "It's: apply", {"--file", "--wait"}, {}}, {"get", "Get", {"--output"}, {"routes", "all"}}};
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = CompletionScript(shell, verbs);
    EXPECT_THAT(script, HasSubstr("apply")) << shell;
    EXPECT_THAT(script, HasSubstr("routes all")) << shell;
    EXPECT_THAT(script, HasSubstr("wait")) << shell;
  }
  EXPECT_EQ(CompletionScript("tcsh", verbs), "");
}

TEST(ConvergenceText, SaysThatNobodyIsConnectedAndNamesTheAbsent) {
  v1::Convergence convergence;
  convergence.set_generation(3);
  EXPECT_EQ(ConvergenceText(convergence), "generation 3: no agent is connected\n");
  auto* laggard = convergence.add_laggards();
  laggard->set_node("web-1");
  laggard->set_state(v1::Laggard::STATE_DISCONNECTED);
  EXPECT_EQ(ConvergenceText(convergence),
            "generation 3: no agent is connected\n  web-1: disconnected: not heard of since the controller started\n");
  EXPECT_EQ(ConvergenceExit(convergence), ExitCode::kNotConverged);
}

}  // namespace
}  // namespace switchyard::tools::yardctl
