#include "controlplane/controller.h"

#include <atomic>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <grpc/support/time.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "common/base/endpoint.h"
#include "common/base/random.h"
#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/transport_limits.h"
#include "common/tls/private_file.h"
#include "common/tls/seal.h"
#include "controlplane/admin/fleet_service.h"
#include "controlplane/admin/overrides.h"
#include "controlplane/backup/backup.h"
#include "controlplane/compiler/compiler.h"
#include "controlplane/controller_metrics.h"
#include "controlplane/dashboard/dashboard.h"
#include "controlplane/feedback/tee_sink.h"
#include "controlplane/feedback/traffic_board.h"
#include "controlplane/fleet/fleet_loop.h"
#include "controlplane/history/recorder.h"
#include "controlplane/identity/actions.h"
#include "controlplane/identity/credentials.h"
#include "controlplane/identity/enrolment.h"
#include "controlplane/identity/gate.h"
#include "controlplane/identity/server_credentials.h"
#include "controlplane/identity/ticket_keys.h"
#include "controlplane/identity/tokens.h"
#include "controlplane/kubernetes/found_backends.h"
#include "controlplane/kubernetes/watcher.h"
#include "controlplane/runtime/http_port.h"
#include "controlplane/runtime/timers.h"
#include "controlplane/runtime/work_queue.h"
#include "controlplane/store/rocksdb_store.h"
#include "controlplane/stream/agent_service.h"
#include "controlplane/stream/overlay_publisher.h"
#include "controlplane/stream/stream_hub.h"

namespace switchyard::controlplane {
namespace {

constexpr std::string_view kAdminName = "admin";
constexpr Duration kTicketKeyRetry = std::chrono::minutes(1);
constexpr Duration kLeafRotation = std::chrono::hours(24);
// A change may hold 64 MiB until its turn comes.
constexpr std::size_t kMaxWaitingChanges = 16;
constexpr std::size_t kMaxWaitingCalls = 1024;

std::string SealFile(const std::string& data_dir) { return data_dir + "/seal.key"; }

absl::StatusOr<std::unique_ptr<store::Store>> OpenStore(const std::string& data_dir, std::unique_ptr<store::Store> given) {
  if (given != nullptr) return given;
  store::RocksdbOptions options;
  options.seal_file = SealFile(data_dir);
  return store::OpenRocksdbStore(data_dir + "/store", options);
}

// The past of the figures is worth having, but no start fails for it: without a disk for it, it is kept in memory.
std::unique_ptr<history::Ring> OpenRing(const ControllerOptions& options, bool durable, observe::Log* log) {
  if (!durable) return history::OpenMemoryRing();
  std::string note;
  auto ring = history::OpenRocksdbRing(options.data_dir + "/history", options.history_bytes, note);
  if (!note.empty()) log->Warn("the history begins anew", {{"reason", note}});
  if (ring.ok()) return *std::move(ring);
  log->Error("the history is kept in memory only", {{"reason", Message(ring.status())}});
  return history::OpenMemoryRing();
}

// Whether agents may be out there that trust an authority. A store that cannot be read has one, to be safe.
bool HasPast(const store::Store& store) {
  const auto enrolled = store.ListRecords("enrolment");
  return store.Read()->generation > 0 || !enrolled.ok() || !enrolled->empty();
}

stream::Frame WelcomeFrame(const std::string& instance, const ControllerOptions& options) {
  v1::ControllerMessage message;
  message.mutable_welcome()->set_controller_instance(instance);
  message.mutable_welcome()->set_version(options.version);
  *message.mutable_welcome()->mutable_report_interval() = rpc::ToProto(options.report_interval);
  return std::make_shared<const std::string>(message.SerializeAsString());
}

// What this machine dials.
std::string LocalAddress(const Endpoint& listen, std::uint16_t port) {
  if (listen.ip() == "0.0.0.0") return fmt::format("127.0.0.1:{}", port);
  if (listen.ip() == "::") return fmt::format("[::1]:{}", port);
  return listen.is_v6() ? fmt::format("[{}]:{}", listen.ip(), port) : fmt::format("{}:{}", listen.ip(), port);
}

class ControllerImpl final : public Controller {
 public:
  ControllerImpl(const ControllerOptions& options, ControllerParts parts, std::unique_ptr<store::Store> store,
                 std::shared_ptr<const tls::Seal> seal, std::unique_ptr<identity::Authority> authority, std::unique_ptr<history::Ring> ring)
      : options_(options),
        clock_(parts.clock),
        log_(parts.log),
        instance_(SecureHex(8)),
        started_(parts.clock->WallNow()),
        store_(std::move(store)),
        authority_(std::move(authority)),
        tokens_(*store_, *clock_, refusals_, authority_->ca_fingerprint()),
        ticket_keys_(*store_, seal, *clock_),
        enrolment_(*authority_, tokens_, *store_, *clock_, refusals_),
        credentials_(*authority_, *store_, *clock_),
        logins_(*clock_, credentials_, options.sessions),
        actions_(*store_, *clock_),
        desk_({clock_, log_, store_.get(), &actions_, &numbers_}),
        timers_(clock_),
        changes_(1, kMaxWaitingChanges, "changes"),
        calls_(2, kMaxWaitingCalls, "calls"),
        recording_(1, 1, "history"),
        aggregator_(clock_),
        board_(clock_),
        evidence_({&aggregator_, &board_}),
        ring_(std::move(ring)),
        registry_(clock_, &timers_),
        recorder_({clock_, log_, &aggregator_, &board_, ring_.get(), [this] { return CountAgents(); }, [this] { return ChangedWeights(); }}),
        found_(clock_, [this] { publisher_.Refill(); }),
        publisher_(store_.get(), &compiler::Compile, [this](const kubernetes::CatalogPtr& catalog) { return Fill(catalog); }),
        fleet_({clock_, instance_, SecureSeed(), options.report_interval}, [this] { overlays_.Wake(); }),
        overlays_(&fleet_, clock_),
        hub_(&registry_, &publisher_, &overlays_, &fleet_, &evidence_, log_, &numbers_),
        watchers_(store_.get(), &calls_),
        metrics_({store_.get(), &registry_, &aggregator_, &fleet_, &refusals_, &recorder_, &found_, &logins_, clock_, &numbers_}, options.version, started_) {
    sessions_.clock = clock_;
    sessions_.timers = &timers_;
    sessions_.host = &hub_;
    sessions_.welcome = WelcomeFrame(instance_, options);
    agent_service_ = stream::MakeAgentService({&enrolment_, &registry_, &sessions_, &calls_, log_});
    admin::FleetServiceParts fleet{.clock = clock_, .log = log_, .store = store_.get(), .registry = &registry_, .aggregator = &aggregator_};
    fleet.board = &board_;
    fleet.recorder = &recorder_;
    fleet.fleet = &fleet_;
    fleet.found = &found_;
    fleet.tokens = &tokens_;
    fleet.credentials = &credentials_;
    fleet.actions = &actions_;
    fleet.desk = &desk_;
    fleet.dashboard_login = [this](const identity::PeerIdentity& who) { return DashboardLogin(who); };
    fleet.watchers = &watchers_;
    fleet.changes = &changes_;
    fleet.calls = &calls_;
    fleet.set_log_level = [this](const v1::LogLevel& level) { SetLogLevel(level); };
    fleet.facts = facts();
    fleet.backup = {store_.get(), seal, clock_, options.data_dir, options.version, authority_->trust_domain()};
    fleet_service_ = admin::MakeFleetService(std::move(fleet));
  }

  ~ControllerImpl() override { Stop(); }

  absl::Status Serve() {
    const auto listen = Endpoint::Parse(options_.listen);
    if (!listen.ok()) return Annotate(listen.status(), "--listen");
    if (auto status = runtime::CheckBindable(*listen, "--listen"); !status.ok()) return status;
    ExpectAgents();
    if (auto status = WatchKubernetes(); !status.ok()) return status;
    FollowCatalog();
    if (auto loaded = credentials_.Load(); !loaded.ok()) return Annotate(loaded, "credentials");
    if (auto status = OpenDashboard(); !status.ok()) return status;
    auto gate = std::make_shared<identity::Gate>(authority_->ca(), authority_->trust_domain(), *clock_, refusals_, &credentials_);
    grpc::ServerBuilder builder;
    rpc::ApplyServerLimits(builder);
    int bound = 0;
    builder.AddListeningPort(listen->ToString(), identity::MakeServerCredentials(*authority_, std::move(gate)), &bound);
    builder.RegisterService(agent_service_.get());
    builder.RegisterService(fleet_service_.get());
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || bound == 0) {
      return absl::UnavailableError(fmt::format("cannot listen on {}; choose another address with --listen", listen->ToString()));
    }
    port_ = static_cast<std::uint16_t>(bound);
    ScheduleRotation();
    ChangeTicketKeys();
    ScheduleRecording();
    // The credential last: a start that fails must not have shown the operator's only greeting to nobody.
    if (auto status = OpenMetricsPort(); !status.ok()) return status;
    return WriteCredential(*listen);
  }

  void Stop() override {
    if (stopped_.exchange(true)) return;
    const auto leaving = absl::UnavailableError("the controller is stopping");
    registry_.EndAll(leaving);
    watchers_.EndAll(leaving);
    if (watcher_ != nullptr) watcher_->Stop();
    if (server_ != nullptr) {
      const auto grace = gpr_time_from_millis(std::chrono::duration_cast<std::chrono::milliseconds>(kStopGrace).count(), GPR_TIMESPAN);
      server_->Shutdown(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), grace));
    }
    metrics_http_.reset();
    if (dashboard_ != nullptr) dashboard_->Stop();
    // No call is left, so nothing posts or arms any more.
    publisher_.Stop();
    overlays_.Stop();
    catalog_watch_.reset();
    timers_.Stop();
    recording_.Stop();
    changes_.Stop();
    calls_.Stop();
    dashboard_.reset();
    server_.reset();
  }

  std::uint16_t port() const override { return port_; }
  std::uint16_t metrics_port() const override { return metrics_http_ == nullptr ? 0 : metrics_http_->port(); }
  std::uint16_t dashboard_port() const override { return dashboard_ == nullptr ? 0 : dashboard_->port(); }
  const std::string& credential_path() const override { return credential_path_; }
  bool credential_written() const override { return credential_written_; }

 private:
  admin::ControllerFacts facts() const {
    return {options_.version, instance_, authority_->trust_domain(), started_, authority_->ca().not_after()};
  }

  history::AgentCounts CountAgents() const {
    const auto counts = registry_.counts();
    return {static_cast<std::uint32_t>(counts.connected), static_cast<std::uint32_t>(counts.known)};
  }

  // Percent, of those backends that do not get just their configured weight.
  std::map<std::pair<std::string, std::string>, std::uint32_t> ChangedWeights() const {
    v1::WeightsRequest now;
    now.mutable_window();
    std::map<std::pair<std::string, std::string>, std::uint32_t> changed;
    const v1::WeightsResponse weights = fleet_.Weights(now);
    for (const v1::WeightRow& row : weights.rows()) {
      const bool out = row.verdict() == v1::VERDICT_EJECTED || row.verdict() == v1::VERDICT_FORCED_OUT;
      const auto percent = out ? 0 : static_cast<std::uint32_t>(row.effective() * row.share() * 100 + 0.5);
      if (percent != 100) changed.emplace(std::pair(row.upstream(), row.backend()), percent);
    }
    return changed;
  }

  v1::DashboardLoginResponse DashboardLogin(const identity::PeerIdentity& who) {
    v1::DashboardLoginResponse response;
    if (dashboard_ == nullptr) return response;
    response.set_url(fmt::format("https://{}/", LocalAddress(*Endpoint::Parse(options_.dashboard_listen), dashboard_->port())));
    response.set_code(dashboard_->MakeLoginCode(who));
    return response;
  }

  absl::Status OpenDashboard() {
    if (options_.dashboard_listen.empty()) return absl::OkStatus();
    const auto address = Endpoint::Parse(options_.dashboard_listen);
    if (!address.ok()) return Annotate(address.status(), "--dashboard-listen");
    dashboard::Parts parts{.clock = clock_, .log = log_, .store = store_.get(), .registry = &registry_, .aggregator = &aggregator_, .board = &board_,
                           .recorder = &recorder_, .fleet = &fleet_, .found = &found_, .tokens = &tokens_, .credentials = &credentials_, .sessions = &logins_,
                           .actions = &actions_, .desk = &desk_, .changes = &changes_, .calls = &calls_, .facts = facts(), .ca = &authority_->ca()};
    auto opened = dashboard::Dashboard::Open({*address, authority_->server_certificate_path(), authority_->server_key_path()}, std::move(parts));
    if (opened.ok()) {
      dashboard_ = *std::move(opened);
      return absl::OkStatus();
    }
    if (options_.dashboard_required) return opened.status();
    log_->Warn("no dashboard", {{"reason", Message(opened.status())}});
    return absl::OkStatus();
  }

  // A second that finds the last one still at work is left out.
  void ScheduleRecording() {
    timers_.After(std::chrono::seconds(1), [this] {
      if (!recording_.Post([this] { recorder_.Tick(); })) log_->Warn("a second of the history is left out", {{"reason", "the last one still works"}});
      ScheduleRecording();
    });
  }

  // Any thread.
  void SetLogLevel(const v1::LogLevel& wanted) {
    // The levels of both have the same order; the message's begin at 1.
    log_->SetLevel(static_cast<observe::LogLevel>(wanted.level() - 1));
    const Duration lasts = rpc::ToDuration(wanted.lasts());
    timers_.Cancel(log_timer_.exchange(0));
    if (lasts > Duration::zero()) log_timer_ = timers_.After(lasts, [this] { log_->SetLevel(usual_level_); });
  }

  void ExpectAgents() {
    const auto nodes = enrolment_.Nodes();
    if (!nodes.ok()) return log_->Warn("cannot read which agents there are", {{"reason", Message(nodes.status())}});
    std::vector<stream::ExpectedAgent> agents;
    for (const auto& node : *nodes) agents.push_back({node.name, node.not_after});
    registry_.Expect(agents);
  }

  absl::Status WatchKubernetes() {
    auto client = kubernetes::MakeCurlClient(*clock_);
    if (!client.ok()) return client.status();
    kubernetes::WatcherParts parts{.clock = clock_, .log = log_, .found = &found_, .client = *std::move(client)};
    parts.lists_file = options_.data_dir + "/kubernetes.lists";
    parts.seed = SecureSeed();
    watcher_ = std::make_unique<kubernetes::Watcher>(options_.kubernetes, std::move(parts));
    return absl::OkStatus();
  }

  void TakeCatalog(const kubernetes::CatalogPtr& catalog) {
    const auto filled = found_.Fill(catalog);
    watcher_->Want(*catalog);
    FeedFleet(filled.catalog);
  }

  // Publisher's thread.
  stream::FilledCatalog Fill(const kubernetes::CatalogPtr& catalog) {
    const kubernetes::Filled filled = found_.Fill(catalog);
    if (filled.catalog != catalog) FeedFleet(filled.catalog);
    return {filled.catalog, filled.unknown, filled.wait};
  }

  void FeedFleet(const kubernetes::CatalogPtr& catalog) {
    const std::lock_guard lock(fed_mutex_);
    if (catalog == fed_ || (fed_ != nullptr && catalog->generation < fed_->generation)) return;
    fed_ = catalog;
    fleet_.SetCatalog(*catalog);
  }

  // Watch first, then read, so that no commit falls between the two.
  void FollowCatalog() {
    catalog_watch_ = store_->Watch([this](const store::ChangeRecord&, const std::shared_ptr<const store::Catalog>& catalog) { TakeCatalog(catalog); });
    TakeCatalog(store_->Read());
    const auto restored = admin::RestoreOverrides(*store_, fleet_, *clock_);
    if (!restored.ok()) log_->Warn("cannot read operators' overrides", {{"reason", Message(restored.status())}});
  }

  absl::Status WriteCredential(const Endpoint& listen) {
    credential_path_ = options_.data_dir + "/admin.credential";
    const std::string address = options_.advertise.empty() ? LocalAddress(listen, port_) : options_.advertise;
    credentials_.SetAddress(address);
    const auto written = authority_->EnsureAdminCredential(credential_path_, address, kAdminName);
    if (!written.ok()) return Annotate(written.status(), "admin credential");
    credential_written_ = *written;
    return absl::OkStatus();
  }

  absl::Status OpenMetricsPort() {
    if (options_.metrics_listen.empty()) return absl::OkStatus();
    const auto address = Endpoint::Parse(options_.metrics_listen);
    if (!address.ok()) return Annotate(address.status(), "--metrics-listen");
    auto opened = runtime::HttpPort::Open(*address, clock_, [this](std::string_view path) { return Page(path); },
                                           options_.metrics_allow_remote);
    if (opened.ok()) {
      metrics_http_ = *std::move(opened);
      return absl::OkStatus();
    }
    if (options_.metrics_required) return opened.status();
    log_->Warn("no metrics port", {{"reason", Message(opened.status())}});
    return absl::OkStatus();
  }

  runtime::HttpPage Page(std::string_view path) {
    if (path == "/metrics") return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_.Scrape()};
    if (path == "/ready" && stopped_) return {.status = 503, .body = "stopping\n"};
    if (path == "/live" || path == "/ready") return {.body = "ok\n"};
    return {.status = 404, .body = "one of /metrics, /live, /ready\n"};
  }

  // New connections keep finding a leaf with most of its life before it.
  void ScheduleRotation() {
    timers_.After(kLeafRotation, [this] {
      const bool posted = calls_.Post([this] {
        if (auto status = authority_->RotateServerLeaf(); !status.ok()) {
          log_->Error("cannot renew the controller's certificate", {{"reason", Message(status)}});
        } else if (dashboard_ != nullptr) {
          if (auto read = dashboard_->ReloadCertificate(); !read.ok()) log_->Error("the dashboard keeps its certificate", {{"reason", Message(read)}});
        }
      });
      if (!posted) log_->Warn("the controller's certificate is renewed tomorrow", {{"reason", "too many calls"}});
      ScheduleRotation();
    });
  }

  // Gives the fleet its keys of now, and comes back when they are to change. A failure is tried again in a minute.
  void ChangeTicketKeys() {
    const auto keys = ticket_keys_.Current();
    if (keys.ok()) {
      v1::ControllerMessage message;
      *message.mutable_ticket_keys() = *keys;
      publisher_.SetTicketKeys(std::make_shared<const std::string>(message.SerializeAsString()));
    } else {
      log_->Error("cannot change the ticket keys", {{"reason", Message(keys.status())}});
    }
    timers_.After(keys.ok() ? ticket_keys_.UntilChange() : kTicketKeyRetry, [this] {
      if (!calls_.Post([this] { ChangeTicketKeys(); })) log_->Warn("ticket keys are changed late", {{"reason", "too many calls"}});
    });
  }

  const ControllerOptions options_;
  const Clock* clock_;
  observe::Log* log_;
  const std::string instance_;
  const WallTime started_;
  observe::Metrics numbers_;
  identity::RefusalCounters refusals_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<identity::Authority> authority_;
  identity::Tokens tokens_;
  identity::TicketKeys ticket_keys_;
  identity::Enrolment enrolment_;
  identity::Credentials credentials_;
  dashboard::Sessions logins_;
  identity::Actions actions_;
  admin::ChangeDesk desk_;
  runtime::TimerThread timers_;
  runtime::WorkQueue changes_;
  runtime::WorkQueue calls_;
  runtime::WorkQueue recording_;
  feedback::Aggregator aggregator_;
  feedback::TrafficBoard board_;
  feedback::TeeSink evidence_;
  std::unique_ptr<history::Ring> ring_;
  stream::SessionRegistry registry_;
  history::Recorder recorder_;
  kubernetes::FoundBackends found_;
  stream::Publisher publisher_;
  fleet::FleetLoop fleet_;
  stream::OverlayPublisher overlays_;
  std::mutex fed_mutex_;
  kubernetes::CatalogPtr fed_;
  std::unique_ptr<kubernetes::Watcher> watcher_;
  std::unique_ptr<store::Subscription> catalog_watch_;
  stream::StreamHub hub_;
  stream::SessionOptions sessions_;
  admin::Watchers watchers_;
  ControllerMetrics metrics_;
  std::unique_ptr<grpc::Service> agent_service_;
  std::unique_ptr<grpc::Service> fleet_service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<runtime::HttpPort> metrics_http_;
  std::unique_ptr<dashboard::Dashboard> dashboard_;
  std::uint16_t port_ = 0;
  std::string credential_path_;
  bool credential_written_ = false;
  const observe::LogLevel usual_level_ = log_->level();
  std::atomic<runtime::Timers::Id> log_timer_{0};
  std::atomic<bool> stopped_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Controller>> Controller::Start(const ControllerOptions& options, ControllerParts parts) {
  if (auto status = tls::MakePrivateDirectory(options.data_dir); !status.ok()) return Annotate(status, "--data-dir");
  if (!options.restore.empty()) {
    if (auto status = backup::RestoreDirectory(options.data_dir, options.restore, options.restore_seal_key); !status.ok()) {
      return Annotate(status, "--restore");
    }
    parts.log->Info("restored from a backup", {{"file", options.restore}});
  }
  // The store first: it locks the directory against a second controller before anything else there is touched.
  const bool durable = parts.store == nullptr;
  auto store = OpenStore(options.data_dir, std::move(parts.store));
  if (!store.ok()) return store.status();
  auto seal = tls::Seal::Open(SealFile(options.data_dir), /*may_make=*/true);
  if (!seal.ok()) return seal.status();
  identity::AuthorityOptions identity = options.authority;
  identity.first_start = options.new_authority || !HasPast(**store);
  auto authority = identity::Authority::Open(options.data_dir + "/identity", std::move(identity), *parts.clock);
  if (!authority.ok()) return authority.status();
  auto ring = OpenRing(options, durable, parts.log);
  auto controller = std::make_unique<ControllerImpl>(options, std::move(parts), *std::move(store), *std::move(seal),
                                                     *std::move(authority), std::move(ring));
  if (auto status = controller->Serve(); !status.ok()) return status;
  return controller;
}

}  // namespace switchyard::controlplane
