// Goal: the command line means what its help says. Method: whole command lines through the parser.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/yardctl/options.h"

namespace switchyard::tools::yardctl {
namespace {

std::optional<Options> Parse(std::vector<const char*> words, ExitCode expected = ExitCode::kOk) {
  words.insert(words.begin(), "yardctl");
  ExitCode exit_code = ExitCode::kOk;
  std::optional<Options> options = ParseOptions(static_cast<int>(words.size()), words.data(), exit_code);
  EXPECT_EQ(exit_code, expected);
  return options;
}

TEST(Options, WaitMayStandBareOrWithADuration) {
  const auto bare = Parse({"apply", "--wait", "-f", "a.yaml", "-f", "b"});
  ASSERT_TRUE(bare);
  EXPECT_EQ(std::get<ApplyOptions>(bare->command).change.wait, std::chrono::seconds(30));
  EXPECT_THAT(std::get<ApplyOptions>(bare->command).files, testing::ElementsAre("a.yaml", "b"));
  const auto with = Parse({"delete", "route", "x", "y", "--wait=250ms", "--expect", "7"});
  ASSERT_TRUE(with);
  EXPECT_EQ(std::get<DeleteOptions>(with->command).change.wait, std::chrono::milliseconds(250));
  EXPECT_EQ(std::get<DeleteOptions>(with->command).change.expect, 7u);
  EXPECT_FALSE(std::get<ApplyOptions>(Parse({"apply", "-f", "-"})->command).change.wait);
}

TEST(Options, GlobalFlagsMayStandAnywhere) {
  const auto options = Parse({"token", "create", "--uses", "3", "--ttl", "2h", "-o", "json", "--timeout=1s", "--credential", "c"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->format, Format::kJson);
  EXPECT_EQ(options->timeout, std::chrono::seconds(1));
  EXPECT_EQ(options->credential, "c");
  const TokenOptions& token = std::get<TokenOptions>(options->command);
  EXPECT_EQ(token.verb, TokenOptions::Verb::kCreate);
  EXPECT_EQ(token.uses, 3u);
  EXPECT_EQ(token.ttl, std::chrono::hours(2));
}

TEST(Options, LabelsArePairs) {
  const auto options = Parse({"get", "upstreams", "-l", "app=shop", "-l", "x="});
  ASSERT_TRUE(options);
  EXPECT_EQ(std::get<GetOptions>(options->command).labels.at("app"), "shop");
  EXPECT_FALSE(Parse({"get", "upstreams", "-l", "app"}, ExitCode::kUsage));
}

TEST(Options, RefuseWhatMakesNoSense) {
  for (const std::vector<const char*>& words : std::vector<std::vector<const char*>>{
           {}, {"apply"}, {"frobnicate"}, {"apply", "-f", "x", "--wait=5"}, {"get"}, {"agents", "-o", "xml"}, {"token"}, {"token", "revoke"},
           {"completion", "tcsh"}, {"top", "--window", "soon"}}) {
    EXPECT_FALSE(Parse(words, ExitCode::kUsage)) << (words.empty() ? "" : words[0]);
  }
}

TEST(Options, DescribeEveryVerbForCompletion) {
  const auto options = Parse({"completion", "bash"});
  ASSERT_TRUE(options);
  EXPECT_GE(options->verbs.size(), 25u);
  EXPECT_THAT(CompletionScript("bash", options->verbs), testing::HasSubstr("--dry-run"));
}

TEST(Options, NameTheWordThatIsNoVerb) {
  testing::internal::CaptureStderr();
  Parse({"aply", "-f", "x"}, ExitCode::kUsage);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::AllOf(testing::HasSubstr("`aply` is no verb"), testing::HasSubstr("apply")));
}

TEST(Options, RefuseTextsThatAreNotUtf8AndAddressesThatAreNone) {
  Parse({"apply", "-f", "x", "--reason", "\xff\xfe"}, ExitCode::kUsage);
  Parse({"delete", "route", "x", "--author", "\xff"}, ExitCode::kUsage);
  testing::internal::CaptureStderr();
  Parse({"agents", "--controller", "nonsense"}, ExitCode::kUsage);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("--controller 'nonsense': expected HOST:PORT"));
  Parse({"agents", "--controller", "fleet.example:7400"});
}

}  // namespace
}  // namespace switchyard::tools::yardctl
