#include "agent/agent.h"

#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "agent/access_log/press.h"
#include "agent/admin/admin_server.h"
#include "agent/admin/agent_view.h"
#include "agent/config/controller_client.h"
#include "agent/config/data_directory.h"
#include "agent/config/grpc_link.h"
#include "agent/config/held_resources.h"
#include "agent/config/last_good_codec.h"
#include "agent/config/last_good_file.h"
#include "agent/config/membership.h"
#include "agent/discovery/discovery.h"
#include "agent/discovery_sources.h"
#include "agent/fleet/evidence_sender.h"
#include "agent/fleet/overlay_table.h"
#include "agent/fleet/probe_share.h"
#include "agent/fleet/subset_share.h"
#include "agent/handover/predecessor_watch.h"
#include "agent/handover/relaunch.h"
#include "agent/handover/successor.h"
#include "agent/health/asio_probe_runner.h"
#include "agent/health/health_table.h"
#include "agent/health/prober.h"
#include "agent/heap_trim.h"
#include "agent/log_switch.h"
#include "agent/loop/control_loop.h"
#include "agent/ready_file.h"
#include "agent/report/reporter.h"
#include "agent/report/window_metrics.h"
#include "agent/runtime/data_plane.h"
#include "agent/status_view.h"
#include "agent/subset_sink.h"
#include "agent/succession.h"
#include "common/base/duration.h"
#include "common/base/random.h"
#include "common/base/service_manager.h"
#include "common/base/status.h"
#include "common/config/limits.h"
#include "common/observe/metric_names.h"
#include "common/observe/resident_memory.h"

namespace switchyard::agent {
namespace {

constexpr int kCannotGoOn = 1;
constexpr int kNotDrained = 3;

class TheAgent final : public Agent {
 public:
  TheAgent(const AgentOptions& options, std::string instance, config::DataDirectory directory, std::optional<handover::Inheritance> inheritance,
           const Clock& clock, observe::Log& log)
      : options_(options),
        clock_(clock),
        log_(log),
        directory_(std::move(directory)),
        last_good_(directory_.path()),
        random_(SecureSeed()),
        instance_(std::move(instance)),
        inheritance_(std::move(inheritance)) {}
  TheAgent(const TheAgent&) = delete;
  TheAgent& operator=(const TheAgent&) = delete;
  ~TheAgent() override { Stop(); }

  absl::Status Open();
  int Run() override;

 private:
  absl::Status OpenMembership();
  absl::Status OpenDataPlane();
  absl::Status OpenAccessLog();
  void CountLines();
  void OpenDiscovery();
  void OpenClient();
  absl::Status OpenAdmin();
  void OpenReporter();
  void OpenFleet();
  void TickFleet();
  void ShareProbes();
  absl::Status OpenSuccession();
  absl::Status ServeLastGood();
  absl::StatusOr<config::LastGoodFile::Loaded> LoadConfiguration();
  config::ApplyOutcome ApplyNow(const v1::Snapshot& snapshot);
  absl::Status ClaimInheritance();
  void Serving(const v1::Snapshot& snapshot);
  void TellReady();
  void TellHealth(const health::HealthNews& news);
  void Signalled(int signal);
  void BeginDrain();
  void LetGo();
  void Stranded();
  void End(int exit_code);
  void Stop();

  const AgentOptions options_;
  const Clock& clock_;
  observe::Log& log_;
  config::DataDirectory directory_;
  const config::LastGoodFile last_good_;
  Random random_;
  const std::string instance_;
  const std::string program_ = handover::OwnProgram();
  // Of the process before; until it has been claimed.
  std::optional<handover::Inheritance> inheritance_;
  std::vector<std::string> ticket_keys_;

  // From what is leaned on to what leans on it; destroyed the other way round.
  observe::Metrics metrics_;
  loop::ControlLoop loop_;
  health::HealthTable health_table_;
  std::unique_ptr<access_log::Press> access_log_;  // null: none is written
  access_log::PressCounts lines_counted_;
  std::unique_ptr<runtime::DataPlane> data_plane_;
  std::unique_ptr<fleet::SubsetShare> subset_share_;
  std::unique_ptr<SubsetSink> subset_sink_;
  std::unique_ptr<discovery::Discovery> discovery_;
  std::unique_ptr<health::ProbeRunner> probe_runner_;
  std::unique_ptr<health::Prober> prober_;
  std::unique_ptr<config::LastGoodWriter> writer_;
  std::unique_ptr<config::GrpcLinkFactory> links_;
  std::unique_ptr<config::ControllerClient> client_;
  std::unique_ptr<config::Membership> membership_;
  std::unique_ptr<report::Reporter> reporter_;
  fleet::OverlayTable overlays_{health_table_, clock_};
  fleet::ProbeShare probe_share_;
  std::unique_ptr<fleet::EvidenceSender> evidence_;
  std::unique_ptr<Loop::Timer> fleet_timer_;
  HeapTrim heap_trim_{loop_};
  std::unique_ptr<StatusView> view_;
  std::unique_ptr<admin::AdminServer> admin_;
  std::unique_ptr<LogSwitch> log_switch_;
  std::unique_ptr<Succession> succession_;
  std::unique_ptr<handover::PredecessorWatch> predecessor_;

  bool serving_ = false;
  bool draining_ = false;
  // A signal came while a hand-over was under way: drain when it fails.
  bool end_wanted_ = false;
  TimePoint drain_end_{};
  int exit_code_ = 0;
};

absl::Status TheAgent::Open() {
  if (absl::Status opened = OpenMembership(); !opened.ok()) return opened;
  if (absl::Status opened = OpenAccessLog(); !opened.ok()) return opened;
  if (absl::Status opened = OpenDataPlane(); !opened.ok()) return opened;
  OpenDiscovery();
  OpenClient();
  OpenReporter();
  OpenFleet();
  if (absl::Status opened = OpenAdmin(); !opened.ok()) return opened;
  if (absl::Status served = ServeLastGood(); !served.ok()) return served;
  if (absl::Status claimed = ClaimInheritance(); !claimed.ok()) return claimed;
  if (absl::Status opened = OpenSuccession(); !opened.ok()) return opened;
  TellReady();
  if (!options_.controller.empty()) membership_->Begin();
  return absl::OkStatus();
}

// Another process holds the same things until now; if it will not let go, this one ends and nothing has happened.
absl::Status TheAgent::ClaimInheritance() {
  if (!inheritance_.has_value()) return absl::OkStatus();
  if (const absl::Status claimed = handover::Claim(*inheritance_, client_->serving().generation()); !claimed.ok()) return claimed;
  log_.Info("took over", {{"from", inheritance_->instance}, {"version", inheritance_->version}, {"generation", inheritance_->generation}});
  v1::Predecessor who;
  who.set_instance(inheritance_->instance);
  who.set_version(inheritance_->version);
  predecessor_ = handover::PredecessorWatch::Start(loop_.context(), std::move(inheritance_->link), std::move(who),
                                                   [this](const v1::Predecessor& told) {
                                                     client_->SendPredecessor(told);
                                                     view_->SetPredecessor(told.ended() ? std::nullopt : std::optional(told.open_connections()));
                                                     if (told.ended()) log_.Info("the process before has ended", {{"instance", told.instance()}});
                                                   });
  return absl::OkStatus();
}

absl::Status TheAgent::OpenSuccession() {
  SuccessionParts parts;
  parts.loop = &loop_;
  parts.log = &log_;
  parts.client = client_.get();
  parts.directory = &directory_;
  parts.data_plane = data_plane_.get();
  parts.instance = instance_;
  parts.admin_address = options_.admin_listen;
  parts.command_line = options_.command_line;
  parts.program = program_;
  parts.copy_admin_socket = [this] { return handover::Descriptor(admin_->CopySocket()); };
  parts.ticket_keys = [this] { return ticket_keys_; };
  parts.ending = [this] { return draining_; };
  parts.failed = [this] {
    if (std::exchange(end_wanted_, false)) BeginDrain();
  };
  parts.let_go = [this] { LetGo(); };
  succession_ = std::make_unique<Succession>(std::move(parts));
  if (options_.handover_socket == "off") return absl::OkStatus();
  const std::string path = options_.handover_socket.empty() ? directory_.path() + "/handover.sock" : options_.handover_socket;
  handover::Descriptor door = inheritance_.has_value() ? std::move(inheritance_->door) : handover::Descriptor();
  inheritance_.reset();
  return succession_->Open(std::move(door), path);
}

absl::Status TheAgent::OpenMembership() {
  config::MembershipOptions options;
  options.controller = options_.controller;
  options.directory = directory_.path();
  options.node = options_.node;
  options.token = options_.token;
  options.seed = random_.Next();
  config::MembershipParts parts;
  parts.loop = &loop_;
  parts.clock = &clock_;
  parts.log = &log_;
  parts.metrics = &metrics_;
  parts.renew = [this](const v1::RenewRequest& request, auto done) { client_->Renew(request, std::move(done)); };
  parts.member = [this](const config::Identity& identity) {
    links_->SetIdentity(identity);
    client_->Start();
  };
  parts.stranded = [this] { Stranded(); };
  absl::StatusOr<std::unique_ptr<config::Membership>> membership = config::Membership::Load(std::move(options), std::move(parts));
  if (!membership.ok()) return membership.status();
  membership_ = *std::move(membership);
  return absl::OkStatus();
}

absl::Status TheAgent::OpenAccessLog() {
  if (options_.access_log == "off") return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<access_log::Press>> press = access_log::Press::Open(options_.access_log, clock_, log_);
  if (!press.ok()) return Annotate(press.status(), "--access-log");
  access_log_ = *std::move(press);
  return absl::OkStatus();
}

// Once per interval; the difference to the last time.
void TheAgent::CountLines() {
  if (access_log_ == nullptr) return;
  const access_log::PressCounts before = std::exchange(lines_counted_, access_log_->counts());
  const auto add = [this](std::string_view result, std::uint64_t now, std::uint64_t then) {
    metrics_.Add(observe::kAccessLogLines, {result}, static_cast<double>(now - then));
  };
  add("written", lines_counted_.written, before.written);
  add("dropped", lines_counted_.dropped, before.dropped);
  add("failed", lines_counted_.failed, before.failed);
  metrics_.Set(observe::kAccessLogFailing, lines_counted_.failing ? 1 : 0);
}

absl::Status TheAgent::OpenDataPlane() {
  runtime::DataPlaneOptions options;
  options.workers = options_.workers;
  options.seed = random_.Next();
  options.zone = options_.zone;
  options.clock = &clock_;
  options.health = &health_table_;
  options.log = &log_;
  options.access_log = access_log_.get();
  if (inheritance_.has_value()) {
    for (auto& [address, sockets] : inheritance_->sockets) {
      for (handover::Descriptor& socket : sockets) options.inherited[address].push_back(socket.Release());
    }
  }
  absl::StatusOr<std::unique_ptr<runtime::DataPlane>> data_plane = runtime::DataPlane::Start(options);
  if (!data_plane.ok()) return Annotate(data_plane.status(), "workers");
  data_plane_ = *std::move(data_plane);
  probe_runner_ = health::MakeAsioProbeRunner(loop_.context(), clock_);
  prober_ = std::make_unique<health::Prober>(loop_, *probe_runner_, health_table_, health::ProberOptions{.seed = random_.Next()});
  prober_->OnNews([this](const health::HealthNews& news) { TellHealth(news); });
  prober_->OnProbe([this](const std::string& upstream, bool ok) { metrics_.Add(observe::kProbes, {upstream, ok ? "ok" : "failed"}); });
  return absl::OkStatus();
}

void TheAgent::OpenDiscovery() {
  subset_share_ = std::make_unique<fleet::SubsetShare>(health_table_, membership_->node());
  subset_sink_ = std::make_unique<SubsetSink>(*subset_share_, *data_plane_);
  discovery_ = std::make_unique<discovery::Discovery>(loop_, *subset_sink_, [this](const v1::Discovery& terms, discovery::Found found) {
    return MakeDiscoverySource(terms, std::move(found), loop_, random_.Next(), log_);
  });
  discovery_->OnFilled([this](const v1::Snapshot& before, const v1::Snapshot& now) {
    report::ForgetGone(before, now, metrics_);
    prober_->Update(now);
  });
}

void TheAgent::OpenClient() {
  writer_ = std::make_unique<config::LastGoodWriter>(directory_.path(), [this](const absl::Status& failed) {
    metrics_.Add(observe::kLastGoodWrites, {"failed"});
    log_.Error("last-good file not synced", {{"error", Message(failed)}});
  });
  links_ = std::make_unique<config::GrpcLinkFactory>(loop_, clock_, std::vector<std::string>{options_.controller});
  config::ControllerClientParts parts;
  parts.loop = &loop_;
  parts.clock = &clock_;
  parts.links = links_.get();
  parts.sink = discovery_.get();
  parts.log = &log_;
  parts.metrics = &metrics_;
  parts.store = [this](const v1::Snapshot& snapshot, auto done) { writer_->Store(snapshot, std::move(done)); };
  config::ControllerClientOptions options;
  options.node = membership_->node();
  options.labels = options_.labels;
  options.zone = options_.zone;
  options.version = SWITCHYARD_VERSION;
  options.instance = instance_;
  options.seed = random_.Next();
  client_ = std::make_unique<config::ControllerClient>(parts, std::move(options));
  client_->OnApplied([this](const v1::Snapshot& before, const v1::Snapshot& now) {
    report::ForgetGone(before, now, metrics_);
    Serving(now);
    heap_trim_.TookOver(before.ByteSizeLong() + now.ByteSizeLong());
  });
  client_->OnTicketKeys([this](const v1::TicketKeys& keys) {
    ticket_keys_.assign(keys.keys().begin(), keys.keys().end());
    data_plane_->SetTicketKeys({ticket_keys_.begin(), ticket_keys_.end()});
  });
  if (inheritance_.has_value() && !inheritance_->ticket_keys.empty()) {
    ticket_keys_ = inheritance_->ticket_keys;
    data_plane_->SetTicketKeys({ticket_keys_.begin(), ticket_keys_.end()});
  }
  log_switch_ = std::make_unique<LogSwitch>(loop_, clock_, log_, [this](const v1::LogLevel& level) { client_->SendLogLevel(level); });
  client_->OnLogLevel([this](const v1::LogLevel& level) { log_switch_->Set(level); });
  client_->OnWelcome([this](Duration interval) {
    reporter_->SetInterval(interval);
    client_->SendLogLevel(log_switch_->Now());
    overlays_.NewStream();
    evidence_->NewStream();
    // So that a controller that knows nothing yet leaves us what we have.
    if (!subset_share_->told().upstreams().empty()) client_->SendSubsets(subset_share_->told());
    // Another controller may ask for other probes, or for none.
    if (probe_share_.Take({})) ShareProbes();
  });
}

void TheAgent::OpenFleet() {
  client_->OnOverlay([this](const v1::Overlay& overlay) {
    const bool was_alive = overlays_.alive();
    if (overlays_.Apply(overlay) && !was_alive) ShareProbes();
  });
  client_->OnProbes([this](const v1::ProbeAssignment& probes) { if (probe_share_.Take(probes)) ShareProbes(); });
  client_->OnSubsets([this](const v1::SubsetAssignment& subsets) { if (subset_share_->Take(subsets)) ShareProbes(); });
  fleet::EvidenceParts parts;
  parts.loop = &loop_;
  parts.clock = &clock_;
  parts.collect = [this](auto done) { data_plane_->CollectEvidence(std::move(done)); };
  parts.may_send = [this] { return client_->MaySendEvidence(); };
  parts.send = [this](v1::Evidence evidence) { return client_->SendEvidence(std::move(evidence)); };
  parts.interval = [this] { return overlays_.evidence_interval(); };
  evidence_ = std::make_unique<fleet::EvidenceSender>(std::move(parts));
  prober_->SetMine([this](const health::BackendKey& key) {
    return subset_share_->Mine(key.first, key.second) && (!overlays_.alive() || probe_share_.Mine(key.first, key.second));
  });
  if (options_.controller.empty()) return;
  evidence_->Start();
  TickFleet();
}

void TheAgent::TickFleet() {
  fleet_timer_ = loop_.After(std::chrono::seconds(1), [this] { TickFleet(); });
  const bool was_alive = overlays_.alive();
  overlays_.Tick();
  if (was_alive && !overlays_.alive()) ShareProbes();
}

// With a controller the agent probes its share, without one everything.
void TheAgent::ShareProbes() {
  if (serving_) prober_->Update(discovery_->Filled(client_->serving()));
}

void TheAgent::OpenReporter() {
  report::ReporterParts parts;
  parts.loop = &loop_;
  parts.clock = &clock_;
  parts.source = data_plane_.get();
  parts.metrics = &metrics_;
  parts.health = [this](const report::HealthVisitor& visit) {
    for (const health::ProbeStatus& probe : prober_->Status()) visit(probe.upstream, probe.address, probe.state);
  };
  parts.resident_bytes = observe::ResidentBytes;
  parts.look = [this](const report::Window& window) {
    view_->SetTrouble(report::TroubleIn(window).rows);
    CountLines();
  };
  parts.send = [this](v1::Report report) {
    view_->SetOpenConnections(report.open_connections());
    if (succession_ != nullptr && succession_->yielded()) return succession_->Tell(report.open_connections(), drain_end_ - clock_.Now());
    client_->SendReport(std::move(report));
  };
  reporter_ = std::make_unique<report::Reporter>(std::move(parts));
}

absl::Status TheAgent::OpenAdmin() {
  StatusViewParts parts;
  parts.clock = &clock_;
  parts.data_plane = data_plane_.get();
  parts.client = client_.get();
  parts.membership = membership_.get();
  parts.prober = prober_.get();
  parts.discovery = discovery_.get();
  parts.overlays = &overlays_;
  parts.metrics = &metrics_;
  parts.zone = options_.zone;
  parts.controller = options_.controller;
  parts.instance = instance_;
  view_ = std::make_unique<StatusView>(std::move(parts));
  const bool inherits = inheritance_.has_value() && inheritance_->admin_address == options_.admin_listen;
  const int inherited = inherits ? inheritance_->admin_socket.Release() : -1;
  absl::StatusOr<std::unique_ptr<admin::AdminServer>> server =
      admin::AdminServer::Open(loop_.context(), {options_.admin_listen, options_.admin_allow_remote, inherited}, *view_, metrics_);
  if (!server.ok()) return server.status();
  admin_ = *std::move(server);
  reporter_->SetInterval(std::chrono::seconds(1));
  return absl::OkStatus();
}

// What the process before serves; else what was kept on disk.
absl::StatusOr<config::LastGoodFile::Loaded> TheAgent::LoadConfiguration() {
  absl::StatusOr<config::LastGoodFile::Loaded> kept = last_good_.Load();
  if (!inheritance_.has_value() || inheritance_->generation == 0) return kept;
  absl::StatusOr<v1::Snapshot> snapshot = config::DecodeLastGood(inheritance_->snapshot);
  if (!snapshot.ok()) return Annotate(snapshot.status(), "the configuration that was handed over");
  config::LastGoodFile::Loaded loaded;
  loaded.written = kept.ok() ? kept->written : clock_.WallNow();
  loaded.snapshot = *std::move(snapshot);
  return loaded;
}

// Waits for the workers, which is a matter of milliseconds.
config::ApplyOutcome TheAgent::ApplyNow(const v1::Snapshot& snapshot) {
  std::optional<config::ApplyOutcome> outcome;
  discovery_->Apply(snapshot, [this, &outcome](config::ApplyOutcome got) {
    loop_.Post([&outcome, got = std::move(got)] { outcome = got; });
  });
  loop_.RunUntil([&outcome] { return outcome.has_value(); });
  return *std::move(outcome);
}

// Before anything else runs, so that the ready file tells the truth.
absl::Status TheAgent::ServeLastGood() {
  const TimePoint start = clock_.Now();
  absl::StatusOr<config::LastGoodFile::Loaded> loaded = LoadConfiguration();
  if (!loaded.ok()) {
    if (inheritance_.has_value() && inheritance_->generation > 0) return loaded.status();
    if (!absl::IsNotFound(loaded.status())) log_.Error("last-good configuration is unusable", {{"error", Message(loaded.status())}});
    if (!options_.controller.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError("no configuration to serve and no controller to ask: give --controller HOST:PORT");
  }
  if (!loaded->fallback_reason.empty()) log_.Warn("last-good configuration: the one before is used", {{"error", loaded->fallback_reason}});
  // First what really served, so that what is in quarantine finds its last good version.
  if (loaded->snapshot.held_size() > 0) ApplyNow(config::LastServed(loaded->snapshot));
  config::ApplyOutcome outcome = ApplyNow(loaded->snapshot);
  if (!outcome.applied) {
    log_.Error("last-good configuration was refused", {{"generation", loaded->snapshot.generation()}});
    return absl::OkStatus();
  }
  log_.Info("serving the last-good configuration", {{"generation", loaded->snapshot.generation()},
                                                    {"quarantined", outcome.violations.size()},
                                                    {"took", FormatDurationRounded(clock_.Now() - start)}});
  view_->SetConfigWritten(loaded->written);
  client_->SetServing(std::move(loaded->snapshot), std::move(outcome.violations));
  Serving(client_->serving());
  return absl::OkStatus();
}

void TheAgent::Serving(const v1::Snapshot& snapshot) {
  prober_->Update(discovery_->Filled(snapshot));
  view_->SetServing();
  if (!std::exchange(serving_, true)) TellReady();
}

void TheAgent::TellReady() {
  // While another process still serves in our place, nobody is to think that we do.
  if (admin_ == nullptr || inheritance_.has_value()) return;
  NotifyServiceManager("READY=1");
  if (options_.ready_file.empty()) return;
  const absl::Status written = WriteReadyFile(options_.ready_file, {membership_->node(), admin_->port(), client_->serving().generation()});
  if (!written.ok()) log_.Error("ready file not written", {{"error", Message(written)}});
}

void TheAgent::TellHealth(const health::HealthNews& news) {
  log_.Write(news.state == health::HealthState::kUnhealthy ? observe::LogLevel::kWarn : observe::LogLevel::kInfo, "backend health changed",
             {{"upstream", news.upstream},
              {"backend", news.address},
              {"state", health::HealthStateName(news.state)},
              {"reason", news.reason}});
  v1::Event event;
  const auto now = clock_.WallNow().time_since_epoch().count();
  event.mutable_time()->set_seconds(now / 1'000'000'000);
  event.mutable_time()->set_nanos(static_cast<std::int32_t>(now % 1'000'000'000));
  v1::HealthChange& change = *event.mutable_health_change();
  change.set_upstream(news.upstream);
  change.set_backend(news.address);
  change.set_health(report::ToWire(news.state));
  change.set_reason(news.reason);
  client_->SendEvent(std::move(event));
}

int TheAgent::Run() {
  // Until here the default holds: a signal during the start just ends the process.
  loop_.OnSignals({SIGTERM, SIGINT, SIGUSR2, SIGHUP}, [this](int signal) { Signalled(signal); });
  loop_.Run();
  Stop();
  return exit_code_;
}

void TheAgent::Signalled(int signal) {
  if (signal == SIGUSR2) return succession_->Relaunch();
  if (signal == SIGHUP) {
    if (access_log_ != nullptr) access_log_->Reopen();
    return;
  }
  // Whoever supervises us may only now see that another process has our place.
  if (succession_->yielded() && !std::exchange(end_wanted_, true)) return;
  if (draining_ || (end_wanted_ && succession_->busy())) {
    log_.Warn("ending at once", {{"signal", signal}});
    std::_Exit(kNotDrained);
  }
  if (succession_->busy()) {
    end_wanted_ = true;
    return;
  }
  log_.Info("told to end", {{"signal", signal}});
  BeginDrain();
}

void TheAgent::BeginDrain() {
  draining_ = true;
  log_.Info("draining", {{"at_most", FormatDuration(options_.drain_timeout)}});
  NotifyServiceManager("STOPPING=1\nSTATUS=draining");
  succession_->Close();
  view_->SetDraining();
  data_plane_->Drain(options_.drain_timeout, [this] { loop_.Post([this] { End(0); }); });
}

// A new process serves: it has the sockets, the directory and our name in the fleet.
void TheAgent::LetGo() {
  draining_ = true;
  end_wanted_ = false;
  drain_end_ = clock_.Now() + options_.drain_timeout;
  membership_->Stop();
  client_->Stop();
  admin_.reset();
  directory_.Release();
  log_.Info("draining bit by bit", {{"at_most", FormatDuration(options_.drain_timeout)}});
  view_->SetDraining();
  data_plane_->DrainGradually(options_.drain_timeout, [this] { loop_.Post([this] { End(0); }); });
}

// With something to serve the agent goes on and /status says what is missing; with nothing it is of no use to anybody.
void TheAgent::Stranded() {
  if (serving_) return;
  End(kCannotGoOn);
}

void TheAgent::End(int exit_code) {
  exit_code_ = exit_code;
  log_.Info("ending", {{"exit_code", exit_code}});
  loop_.Stop();
}

// Nothing calls into a part that is gone: first those that start work, then those that do it.
void TheAgent::Stop() {
  if (reporter_ != nullptr) reporter_->Stop();
  if (evidence_ != nullptr) evidence_->Stop();
  fleet_timer_.reset();
  if (prober_ != nullptr) prober_->Stop();
  if (client_ != nullptr) client_->Stop();
  if (discovery_ != nullptr) discovery_->Stop();
  if (data_plane_ != nullptr) data_plane_->Stop();
  // The last requests have ended.
  if (access_log_ != nullptr) access_log_->Stop();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Agent>> Agent::Start(const AgentOptions& options, const Clock& clock, observe::Log& log) {
  std::string instance = SecureHex(8);
  std::optional<handover::Inheritance> inheritance;
  if (options.take_over && options.handover_socket != "off") {
    const std::string door = options.handover_socket.empty() ? options.data_directory + "/handover.sock" : options.handover_socket;
    auto asked = handover::AskForHandover(door, instance, SWITCHYARD_VERSION);
    if (!asked.ok()) return asked.status();
    inheritance = *std::move(asked);
  }
  absl::StatusOr<config::DataDirectory> directory = inheritance.has_value()
                                                        ? config::DataDirectory::Adopt(options.data_directory, inheritance->directory_lock.Release())
                                                        : config::DataDirectory::Open(options.data_directory);
  if (!directory.ok()) return directory.status();
  auto agent = std::make_unique<TheAgent>(options, std::move(instance), *std::move(directory), std::move(inheritance), clock, log);
  if (absl::Status opened = agent->Open(); !opened.ok()) return opened;
  return std::unique_ptr<Agent>(std::move(agent));
}

}  // namespace switchyard::agent
