// Goal: each verb asks the controller for the right thing, shows the answer, and ends with the promised exit code.
// Method: the verbs against a fake controller in this process, with text in and text out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "common/rpc/grpc_status.h"
#include "tests/unit/tools/fake_fleet.h"
#include "tools/yardctl/commands/commands.h"

namespace switchyard::tools::yardctl {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kUpstream[] = "kind: Upstream\nname: app\nspec:\n  backends:\n    - address: 127.0.0.1:80\n";

class CommandsTest : public testing::Test {
 protected:
  Context ContextFor(Format format) { return Context{fleet_.stub(), clock_, out_, err_, format, std::chrono::seconds(10), false, "test:1"}; }
  Context Table() { return ContextFor(Format::kTable); }

  ExitCode Apply(std::string_view text, ApplyOptions options = {}) {
    std::istringstream in{std::string(text)};
    options.files = {"-"};
    return RunApply(options, Table(), in);
  }

  FakeFleet fleet_;
  v1::Violations violations_;
  SystemClock clock_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CommandsTest, ApplySendsWhatWasReadAndTellsWhatHappened) {
  fleet_.apply_response.set_generation(7);
  v1::Change* change = fleet_.apply_response.add_changes();
  change->mutable_key()->set_kind(v1::KIND_UPSTREAM);
  change->mutable_key()->set_name("app");
  change->set_action(v1::Change::ACTION_CREATED);
  ApplyOptions options;
  options.change.reason = "because";
  options.change.expect = 6;
  EXPECT_EQ(Apply(kUpstream, options), ExitCode::kOk) << err_.str();
  ASSERT_EQ(fleet_.applied.resources_size(), 1);
  EXPECT_EQ(fleet_.applied.resources(0).upstream().backends(0).address(), "127.0.0.1:80");
  EXPECT_EQ(fleet_.applied.reason(), "because");
  EXPECT_EQ(fleet_.applied.expected_generation(), 6u);
  EXPECT_FALSE(fleet_.applied.has_wait());
  EXPECT_EQ(out_.str(), "Upstream/app  created\ngeneration 7: 1 created\n");
}

TEST_F(CommandsTest, ApplySendsNothingWhenTheTextHasMistakes) {
  EXPECT_EQ(Apply("kind: Upstream\nname: app\nspec:\n  backend: []\n"), ExitCode::kRefused);
  EXPECT_EQ(fleet_.applied.resources_size(), 0);
  EXPECT_THAT(err_.str(), HasSubstr("<stdin>:4:3: Upstream/app: "));
  EXPECT_THAT(err_.str(), HasSubstr("nothing was changed"));
}

TEST_F(CommandsTest, ApplyShowsWhereTheControllersViolationsStand) {
  v1::Violations violations;
  v1::Violation* violation = violations.add_violations();
  violation->mutable_resource()->set_kind(v1::KIND_UPSTREAM);
  violation->mutable_resource()->set_name("app");
  violation->set_field("spec.backends[0].address");
  violation->set_reason("no such host");
  violations.set_total(3);
  fleet_.status = rpc::WithViolations(absl::InvalidArgumentError("refused"), violations);
  EXPECT_EQ(Apply(kUpstream), ExitCode::kRefused);
  EXPECT_THAT(err_.str(), HasSubstr("<stdin>:5:"));
  EXPECT_THAT(err_.str(), HasSubstr("Upstream/app: spec.backends[0].address: no such host\n... and 2 more\nyardctl: 3 mistakes found, nothing was changed\n"));
}

TEST_F(CommandsTest, ApplyWaitNamesTheAgentTheFieldAndTheReason) {
  v1::Convergence* convergence = fleet_.apply_response.mutable_convergence();
  convergence->set_generation(7);
  convergence->set_applied(2);
  convergence->set_total(3);
  v1::Laggard* laggard = convergence->add_laggards();
  laggard->set_node("edge-2");
  laggard->set_state(v1::Laggard::STATE_QUARANTINED);
  v1::Violation* violation = laggard->add_violations();
  violation->mutable_resource()->set_kind(v1::KIND_LISTENER);
  violation->mutable_resource()->set_name("web");
  violation->set_field("spec.port");
  violation->set_reason("address in use");
  ApplyOptions options;
  options.change.wait = std::chrono::milliseconds(1500);
  EXPECT_EQ(Apply(kUpstream, options), ExitCode::kNotConverged);
  EXPECT_EQ(fleet_.applied.wait().nanos(), 500'000'000);
  EXPECT_THAT(out_.str(), HasSubstr("live on 2 of 3 connected agents"));
  EXPECT_THAT(out_.str(), HasSubstr("  edge-2: quarantined: Listener/web: spec.port: address in use\n"));
}

TEST_F(CommandsTest, EachFailureHasItsExitCode) {
  const std::pair<grpc::StatusCode, ExitCode> cases[] = {
      {grpc::StatusCode::INVALID_ARGUMENT, ExitCode::kRefused},      {grpc::StatusCode::NOT_FOUND, ExitCode::kNotFound},
      {grpc::StatusCode::ABORTED, ExitCode::kConflict},              {grpc::StatusCode::FAILED_PRECONDITION, ExitCode::kConflict},
      {grpc::StatusCode::UNAVAILABLE, ExitCode::kUnreachable},       {grpc::StatusCode::DEADLINE_EXCEEDED, ExitCode::kUnreachable},
      {grpc::StatusCode::UNAUTHENTICATED, ExitCode::kNotAuthorised}, {grpc::StatusCode::PERMISSION_DENIED, ExitCode::kNotAuthorised},
      {grpc::StatusCode::DATA_LOSS, ExitCode::kController},          {grpc::StatusCode::RESOURCE_EXHAUSTED, ExitCode::kRefused}};
  for (const auto& [code, exit_code] : cases) {
    fleet_.status = grpc::Status(code, "why");
    EXPECT_EQ(RunAgents(Table()), exit_code) << code;
  }
  EXPECT_EQ(out_.str(), "");
  EXPECT_THAT(err_.str(), HasSubstr("cannot reach the controller at test:1: why"));
}

TEST_F(CommandsTest, GetReadsEveryPage) {
  EXPECT_EQ(RunGet({"upstreams", {}, {}}, ContextFor(Format::kName)), ExitCode::kOk);
  EXPECT_EQ(out_.str(), "Upstream/a\nUpstream/b\n");
}

TEST_F(CommandsTest, GetWritesYamlThatApplyReads) {
  EXPECT_EQ(RunGet({"all", {}, {}}, ContextFor(Format::kYaml)), ExitCode::kOk);
  EXPECT_EQ(Apply(out_.str()), ExitCode::kOk) << err_.str();
  EXPECT_EQ(fleet_.applied.resources_size(), 2);
}

TEST_F(CommandsTest, GetWritesJsonThatApplyReads) {
  EXPECT_EQ(RunGet({"all", {}, {}}, ContextFor(Format::kJson)), ExitCode::kOk);
  EXPECT_EQ(Apply(out_.str()), ExitCode::kOk) << err_.str();
  EXPECT_EQ(fleet_.applied.resources_size(), 2);
  EXPECT_EQ(Apply("{\"resources\": [], \"other\": 1}"), ExitCode::kRefused);
}

TEST_F(CommandsTest, GetShowsTablesAndRefusesUnknownKinds) {
  EXPECT_EQ(RunGet({"Upstream", {"x"}, {}}, Table()), ExitCode::kOk);
  EXPECT_THAT(out_.str(), HasSubstr("UPSTREAM  BACKENDS"));
  EXPECT_THAT(out_.str(), HasSubstr("x         0 active of 0"));
  EXPECT_EQ(RunGet({"pods", {}, {}}, Table()), ExitCode::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("`pods` is not a kind"));
}

TEST_F(CommandsTest, DeleteTakesNamesOrFilesButNotBoth) {
  std::istringstream in{std::string(kUpstream)};
  EXPECT_EQ(RunDelete({}, Table(), in), ExitCode::kUsage);
  EXPECT_EQ(RunDelete({"listener", {"a", "b"}, {}, {}}, Table(), in), ExitCode::kOk);
  EXPECT_EQ(fleet_.deleted.keys_size(), 2);
  EXPECT_EQ(RunDelete({"", {}, {"-"}, {}}, Table(), in), ExitCode::kOk);
  ASSERT_EQ(fleet_.deleted.keys_size(), 1);
  EXPECT_EQ(fleet_.deleted.keys(0).name(), "app");
}

TEST_F(CommandsTest, StatusSaysWhetherItIsLive) {
  fleet_.status_response.mutable_convergence()->set_complete(true);
  EXPECT_EQ(RunStatus({}, Table()), ExitCode::kOk);
  fleet_.status_response.mutable_convergence()->set_complete(false);
  EXPECT_EQ(RunStatus({}, ContextFor(Format::kJson)), ExitCode::kNotConverged);
}

TEST_F(CommandsTest, AgentsShowsQuarantine) {
  EXPECT_EQ(RunAgents(Table()), ExitCode::kOk);
  EXPECT_THAT(out_.str(), HasSubstr("connected, 1 quarantined"));
  EXPECT_THAT(out_.str(), HasSubstr("up to date"));
}

TEST_F(CommandsTest, HistoryStopsAtItsLimit) {
  HistoryOptions options;
  options.limit = 2;
  EXPECT_EQ(RunHistory(options, ContextFor(Format::kName)), ExitCode::kOk);
  EXPECT_EQ(out_.str(), "9\n8\n");
}

TEST_F(CommandsTest, TopShowsOnceWithoutATerminalAndGoesOnWithOne) {
  EXPECT_EQ(RunTop({}, Table(), [](Duration) { return true; }), ExitCode::kOk);
  EXPECT_EQ(fleet_.tops, 1);
  EXPECT_THAT(out_.str(), HasSubstr("12.3"));
  EXPECT_THAT(out_.str(), HasSubstr("open on 3, soft on 1 of 20 agents, route buy: error?[1m_rate (edge-1) and 1 more"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("\x1b")));
  Context context = Table();
  context.terminal = true;
  EXPECT_EQ(RunTop({}, context, [this](Duration) { return fleet_.tops < 4; }), ExitCode::kOk);
  EXPECT_EQ(fleet_.tops, 4);
}

TEST_F(CommandsTest, TokenIsAloneOnStandardOutput) {
  TokenOptions options;
  options.verb = TokenOptions::Verb::kCreate;
  options.uses = 3;
  EXPECT_EQ(RunToken(options, Table()), ExitCode::kOk);
  EXPECT_EQ(out_.str(), "syt1.id.secret.ca\n");
  EXPECT_THAT(err_.str(), HasSubstr("good for 3 agents"));
}

TEST_F(CommandsTest, ValidateFindsDanglingReferencesOffline) {
  std::istringstream good{std::string(kUpstream)};
  Context offline = Table();
  offline.fleet = nullptr;
  EXPECT_EQ(RunValidate({{"-"}}, offline, good), ExitCode::kOk) << err_.str();
  std::istringstream bad{"kind: Route\nname: r\nspec:\n  listeners: [nowhere]\n  forward: {upstreams: [{upstream: gone}]}\n"};
  EXPECT_EQ(RunValidate({{"-"}}, offline, bad), ExitCode::kOk);
  EXPECT_THAT(err_.str(), HasSubstr("warning: <stdin>:4:"));
  EXPECT_THAT(err_.str(), HasSubstr("nowhere"));
  EXPECT_THAT(err_.str(), HasSubstr("gone\", which is not in these files; `apply` is refused unless the fleet has it"));
  std::istringstream worse{"kind: Route\nname: r\nspec:\n  listeners: [nowhere]\n"};
  EXPECT_EQ(RunValidate({{"-"}}, offline, worse), ExitCode::kRefused);
}

TEST_F(CommandsTest, SaysThatTheOutcomeIsUnknownWhenTheAnswerOfAChangeIsLost) {
  for (const auto code : {grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::DEADLINE_EXCEEDED}) {
    err_.str("");
    fleet_.status = grpc::Status(code, "Socket closed");
    EXPECT_EQ(Apply(kUpstream), ExitCode::kUnreachable);
    EXPECT_THAT(err_.str(), HasSubstr("outcome unknown: the change may have been committed; look at `yardctl history`"));
  }
  err_.str("");
  std::istringstream none;
  EXPECT_EQ(RunDelete({"listener", {"a"}, {}, {}}, Table(), none), ExitCode::kUnreachable);
  EXPECT_THAT(err_.str(), HasSubstr("outcome unknown"));
  err_.str("");
  ApplyOptions dry;
  dry.change.dry_run = true;
  Apply(kUpstream, dry);
  EXPECT_THAT(err_.str(), Not(HasSubstr("outcome unknown")));
  fleet_.status = grpc::Status(grpc::StatusCode::UNAVAILABLE, "failed to connect to all addresses; last error: refused");
  Apply(kUpstream);
  EXPECT_THAT(err_.str(), Not(HasSubstr("outcome unknown")));
}

TEST_F(CommandsTest, ADeleteOfWhatIsReferredToIsAConflict) {
  v1::Violations violations;
  violations.add_violations()->set_reason("refers to upstream \"app\", which this change deletes");
  fleet_.status = rpc::WithViolations(absl::FailedPreconditionError("refused"), violations);
  std::istringstream none;
  EXPECT_EQ(RunDelete({"upstream", {"app"}, {}, {}}, Table(), none), ExitCode::kConflict);
  EXPECT_THAT(err_.str(), HasSubstr("which this change deletes"));
}

TEST_F(CommandsTest, NamesTheRemedyForAnotherControllersCertificate) {
  fleet_.status = grpc::Status(grpc::StatusCode::UNAVAILABLE, "failed to connect: certificate verify failed");
  EXPECT_EQ(RunAgents(Table()), ExitCode::kNotAuthorised);
  EXPECT_THAT(err_.str(), HasSubstr("use that controller's own credential"));
  fleet_.status = grpc::Status(grpc::StatusCode::UNAVAILABLE, "failed to connect: wrong version number");
  EXPECT_EQ(RunAgents(Table()), ExitCode::kUnreachable);
  EXPECT_THAT(err_.str(), HasSubstr("does not speak TLS"));
}

TEST_F(CommandsTest, ShowsNoEscapesThatOthersWrote) {
  auto* entry = fleet_.status_response.mutable_entry();
  entry->set_generation(7);
  entry->set_author("eve\x1b[2J");
  entry->set_reason("\xc2\x9b" "31m\r");
  auto* laggard = fleet_.status_response.mutable_convergence()->add_laggards();
  laggard->set_node("edge");
  laggard->set_state(v1::Laggard::STATE_QUARANTINED);
  laggard->add_violations()->set_reason("\x1b]0;title\x07");
  RunStatus({}, Table());
  EXPECT_THAT(out_.str(), HasSubstr("eve?[2J"));
  EXPECT_THAT(out_.str(), HasSubstr("?31m?"));
  for (const char c : {'\x1b', '\x07', '\r', '\xc2'}) EXPECT_EQ(out_.str().find(c), std::string::npos);
  violations_.add_violations()->set_reason("\x1b[1m");
  fleet_.status = rpc::WithViolations(absl::InvalidArgumentError("refused"), violations_);
  Apply(kUpstream);
  EXPECT_EQ(err_.str().find('\x1b'), std::string::npos);
}

TEST_F(CommandsTest, ExplainShowsVerdictAndWhoSeesWhat) {
  EXPECT_EQ(RunExplain({.backend = "127.0.0.1:80", .upstream = ""}, Table()), ExitCode::kOk);
  EXPECT_THAT(out_.str(), HasSubstr("127.0.0.1:80 in app"));
  EXPECT_THAT(out_.str(), HasSubstr("verdict    ejected: error_rate: 34 % of attempts fail"));
  EXPECT_THAT(out_.str(), HasSubstr("not known how busy"));
  EXPECT_THAT(out_.str(), HasSubstr("at fault itself"));
  EXPECT_THAT(out_.str(), HasSubstr("breaker    open on 3, soft on 1 of 20 agents, route buy: error?[1m_rate (edge-1)\n"));
  EXPECT_THAT(out_.str(), HasSubstr("breaker    ejected as an outlier on 2 of 20 agents (edge-2)\n"));
  EXPECT_THAT(out_.str(), HasSubstr("route      b?[1muy: 50.0 % of 20.0 attempts fail (25.0 % at the middle backend); evidence 7.5, of the others -6.0\n"));
}

TEST_F(CommandsTest, WeightsShowConfiguredAndEffective) {
  EXPECT_EQ(RunWeights({}, Table()), ExitCode::kOk);
  EXPECT_THAT(out_.str(), HasSubstr("2.00"));
  EXPECT_THAT(out_.str(), HasSubstr("70.0 %"));
  EXPECT_THAT(out_.str(), HasSubstr("1.00 0.75 0.50"));
}

TEST_F(CommandsTest, OverrideSaysWhatHoldsAndForHowLong) {
  OverrideOptions options;
  options.backend = "127.0.0.1:80";
  options.word = "out";
  options.reason = "disk";
  EXPECT_EQ(RunOverride(options, Table()), ExitCode::kOk);
  EXPECT_EQ(fleet_.overridden.override(), v1::OVERRIDE_OUT);
  EXPECT_EQ(fleet_.overridden.ttl().seconds(), 3600);
  EXPECT_EQ(out_.str(), "127.0.0.1:80 in app: forced out for 1h\n");
  fleet_.status = grpc::Status(grpc::StatusCode::NOT_FOUND, "no upstream has a backend 127.0.0.1:80");
  EXPECT_NE(RunOverride(options, Table()), ExitCode::kOk);
}

}  // namespace
}  // namespace switchyard::tools::yardctl
