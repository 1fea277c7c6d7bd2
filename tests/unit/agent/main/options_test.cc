// Command lines as a user types them; what is wrong must name the flag and end with exit code 2.
#include "agent/options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/harness/temp_dir.h"

namespace switchyard::agent {
namespace {

const std::string kToken = "syt1.id.hush." + std::string(64, 'a');

struct Parsed {
  std::optional<AgentOptions> options;
  int exit_code = 0;
  std::string said;
  std::vector<std::string> words;  // as they stand afterwards
};

Parsed Parse(std::vector<std::string> words) {
  words.insert(words.begin(), "yard-agent");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  Parsed parsed;
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  parsed.options = ParseOptions(static_cast<int>(argv.size()), argv.data(), parsed.exit_code);
  parsed.said = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  parsed.words = std::move(words);
  return parsed;
}

TEST(Options, HaveDefaults) {
  const Parsed parsed = Parse({});
  ASSERT_TRUE(parsed.options.has_value()) << parsed.said;
  EXPECT_EQ(parsed.options->admin_listen, "127.0.0.1:7401");
  EXPECT_EQ(parsed.options->drain_timeout, Duration(std::chrono::seconds(30)));
  EXPECT_GE(parsed.options->workers, 1U);
  EXPECT_LE(parsed.options->workers, 16U);
  EXPECT_FALSE(parsed.options->data_directory.empty());
  EXPECT_FALSE(parsed.options->token.has_value());
  EXPECT_EQ(parsed.options->access_log, "off");
}

TEST(Options, AreAllRead) {
  const Parsed parsed = Parse({"--controller", "c:7400", "--join-token", kToken, "--node", "web-1", "--label", "role=edge", "--label", "tier=",
                               "--zone", "z1", "--data-dir", "/d", "--workers", "3", "--admin-listen", "127.0.0.1:0", "--drain-timeout", "1m30s",
                               "--log-level", "debug", "--log-format", "json", "--access-log", "/var/log/a.log", "--ready-file", "/r"});
  ASSERT_TRUE(parsed.options.has_value()) << parsed.said;
  EXPECT_EQ(parsed.options->controller, "c:7400");
  EXPECT_EQ(parsed.options->token->id, "id");
  EXPECT_EQ(parsed.options->labels, (std::map<std::string, std::string>{{"role", "edge"}, {"tier", ""}}));
  EXPECT_EQ(parsed.options->workers, 3U);
  EXPECT_EQ(parsed.options->drain_timeout, Duration(std::chrono::seconds(90)));
  EXPECT_EQ(parsed.options->log_level, observe::LogLevel::kDebug);
  EXPECT_EQ(parsed.options->access_log, "/var/log/a.log");
}

TEST(Options, TakeTheTokenOffTheCommandLine) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--controller", "c:1", "--join-token", kToken},
                                                std::vector<std::string>{"--join-token=" + kToken, "--controller", "c:1"}}) {
    const Parsed parsed = Parse(words);
    ASSERT_TRUE(parsed.options.has_value()) << parsed.said;
    EXPECT_EQ(parsed.options->token->text, kToken);
    for (const std::string& word : parsed.words) EXPECT_EQ(word.find("hush"), std::string::npos) << word;
    // For starting it anew.
    std::vector<std::string> command_line = words;
    command_line.insert(command_line.begin(), "yard-agent");
    EXPECT_EQ(parsed.options->command_line, command_line);
  }
}

TEST(Options, TakeTheTokenFromAFile) {
  harness::TempDir temp;
  const Parsed parsed = Parse({"--controller", "c:7400", "--join-token-file", temp.Write("token", kToken + "\n")});
  ASSERT_TRUE(parsed.options.has_value()) << parsed.said;
  EXPECT_EQ(parsed.options->token->text, kToken);
}

TEST(Options, RefuseWhatIsWrongByName) {
  const struct {
    std::vector<std::string> words;
    std::string said;
  } cases[] = {
      {{"--workers", "0"}, "--workers"},
      {{"--workers", "257"}, "--workers"},
      {{"--label", "role"}, "--label 'role'"},
      {{"--label", "=x"}, "--label '=x'"},
      {{"--label", "a=b c"}, "--label 'a=b c'"},
      {{"--drain-timeout", "30"}, "--drain-timeout"},
      {{"--log-level", "loud"}, "--log-level"},
      {{"--log-format", "xml"}, "--log-format"},
      {{"--access-log", ""}, "--access-log"},
      {{"--controller", "c:1", "--join-token", "nonsense"}, "join token"},
      {{"--join-token", kToken}, "--join-token needs --controller"},
      {{"--controller", "c:1", "--join-token-file", "/nowhere"}, "/nowhere"},
      {{"--unknown"}, "--unknown"},
  };
  for (const auto& one : cases) {
    const Parsed parsed = Parse(one.words);
    EXPECT_FALSE(parsed.options.has_value()) << one.said;
    EXPECT_EQ(parsed.exit_code, 2) << one.said;
    EXPECT_NE(parsed.said.find(one.said), std::string::npos) << parsed.said;
    EXPECT_EQ(parsed.said.find("hush"), std::string::npos) << parsed.said;
  }
}

TEST(Options, EndWithSuccessForHelpAndVersion) {
  for (const char* flag : {"--help", "--version"}) {
    const Parsed parsed = Parse({flag});
    EXPECT_FALSE(parsed.options.has_value());
    EXPECT_EQ(parsed.exit_code, 0);
    EXPECT_NE(parsed.said.find("yard-agent"), std::string::npos);
  }
}

TEST(Options, RefuseAnEmptyTokenThatWasGiven) {
  harness::TempDir temp;
  const std::string file = temp.Write("empty", "\n");
  const Parsed from_file = Parse({"--controller", "c:7400", "--join-token-file", file});
  EXPECT_EQ(from_file.exit_code, 2);
  EXPECT_NE(from_file.said.find(file), std::string::npos) << from_file.said;
  EXPECT_NE(from_file.said.find("it is empty"), std::string::npos) << from_file.said;
  const std::string nothing = temp.Write("nothing", "");
  EXPECT_EQ(Parse({"--controller", "c:7400", "--join-token-file", nothing}).exit_code, 2);
  EXPECT_EQ(Parse({"--controller", "c:7400", "--join-token", ""}).exit_code, 2);
}

TEST(Options, RefuseAControllerThatIsNoAddress) {
  const Parsed parsed = Parse({"--controller", "nonsense"});
  EXPECT_EQ(parsed.exit_code, 2);
  EXPECT_NE(parsed.said.find("--controller: 'nonsense': expected HOST:PORT"), std::string::npos) << parsed.said;
}

}  // namespace
}  // namespace switchyard::agent
