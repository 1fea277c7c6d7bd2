#include "controlplane/kubernetes/watcher.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/config/snapshot_digest.h"
#include "common/tls/private_file.h"
#include "controlplane/kubernetes/namespace_watch.h"

namespace switchyard::controlplane::kubernetes {
namespace {
constexpr Duration kLongestRest = std::chrono::seconds(1);
}  // namespace

// One namespace: its state machine, and the request that carries it out.
class Watcher::Job final : public HttpHandler {
 public:
  Job(std::string name, std::uint64_t seed, const ApiServer* server, const WatcherParts* parts)
      : name_(name), server_(server), parts_(parts), watch_(std::move(name), seed) {}
  ~Job() override { parts_->client->Cancel(this); }

  NamespaceWatch& watch() { return watch_; }

  void Want(std::set<std::string> services) {
    if (!watch_.Want(std::move(services))) return;
    parts_->client->Cancel(this);
    running_ = false;
    due_ = {};
  }

  // Starts the next request if it is time; how long until then.
  Duration Step(TimePoint now) {
    if (running_ || server_ == nullptr) return kLongestRest;
    if (now < due_) return due_ - now;
    started_ = now;
    running_ = true;
    const Request next = watch_.Next();
    const absl::StatusOr<std::string> token = ReadToken(*server_);
    if (!token.ok()) {
      OnEnd(token.status());
      return {};
    }
    HttpRequest request{.url = server_->url + next.path, .token = *token, .ca_file = server_->ca_file};
    request.within = next.within;
    parts_->client->Start(request, this);
    return kLongestRest;
  }

  void OnHead(int status) override {
    watch_.OnHead(status);
    TellTrouble();
  }
  absl::Status OnBytes(std::string_view bytes) override { return watch_.OnBytes(bytes); }
  void OnEnd(const absl::Status& status) override {
    const TimePoint now = parts_->clock->Now();
    running_ = false;
    due_ = now + watch_.OnEnd(status, now - started_);
    ++requests_;
    failures_ += watch_.error().empty() ? 0 : 1;
    TellTrouble();
  }

  // Since the last call.
  std::pair<std::uint64_t, std::uint64_t> TakeCounts() { return {std::exchange(requests_, 0), std::exchange(failures_, 0)}; }

 private:
  void TellTrouble() {
    if (watch_.error().empty() == trouble_.empty()) return;
    trouble_ = watch_.error();
    if (trouble_.empty()) {
      parts_->log->Info("Kubernetes is watched again", {{"namespace", name_}});
    } else {
      parts_->log->Warn("Kubernetes cannot be watched; the last list holds", {{"namespace", name_}, {"reason", trouble_}});
    }
  }

  const std::string name_;
  const ApiServer* server_;
  const WatcherParts* parts_;
  NamespaceWatch watch_;
  bool running_ = false;
  TimePoint started_{};
  TimePoint due_{};
  std::string trouble_;
  std::uint64_t requests_ = 0;
  std::uint64_t failures_ = 0;
};

Watcher::Watcher(std::optional<ApiServer> server, WatcherParts parts) : server_(std::move(server)), parts_(std::move(parts)) {
  Restore();
  saved_version_ = parts_.found->version();
  thread_ = std::thread([this] { Run(); });
}

Watcher::~Watcher() { Stop(); }

void Watcher::Stop() {
  if (stopping_.exchange(true)) return;
  parts_.client->Wake();
  if (thread_.joinable()) thread_.join();
}

void Watcher::Want(const store::Catalog& catalog) {
  WantedByNamespace wanted;
  for (auto at = catalog.resources.lower_bound(store::Catalog::Key(v1::KIND_UPSTREAM, "")); at != catalog.resources.end(); ++at) {
    if (at->first.first != v1::KIND_UPSTREAM) break;
    if (!at->second->upstream().discovery().has_kubernetes()) continue;
    const v1::KubernetesDiscovery& terms = at->second->upstream().discovery().kubernetes();
    wanted[terms.namespace_().empty() ? "default" : terms.namespace_()].push_back({at->first.second, terms});
  }
  const std::lock_guard lock(mutex_);
  next_wanted_ = std::move(wanted);
  parts_.client->Wake();
}

void Watcher::Run() {
  while (!stopping_) Turn();
  jobs_.clear();
  Save(/*now=*/true);
}

void Watcher::Turn() {
  TakeWanted();
  Duration rest = kLongestRest;
  for (auto& [name, job] : jobs_) rest = std::min(rest, job->Step(parts_.clock->Now()));
  parts_.client->Poll(rest);
  for (auto& [name, job] : jobs_) Tell(name, *job);
  Report();
  Save(/*now=*/false);
}

void Watcher::TakeWanted() {
  {
    const std::lock_guard lock(mutex_);
    if (!next_wanted_) return;
    wanted_ = *std::exchange(next_wanted_, std::nullopt);
  }
  std::erase_if(jobs_, [&](const auto& job) { return !wanted_.contains(job.first); });
  for (const auto& [name, upstreams] : wanted_) {
    auto at = jobs_.find(name);
    if (at == jobs_.end()) {
      if (!server_ || jobs_.size() >= kMaxNamespaces) continue;
      at = jobs_.emplace(name, std::make_unique<Job>(name, ++parts_.seed, &*server_, &parts_)).first;
    }
    std::set<std::string> services;
    for (const Wanted& one : upstreams) services.insert(one.terms.service());
    at->second->Want(std::move(services));
    // Others may ask for a Service that is known already, by another port say.
    for (const Wanted& one : upstreams) {
      const NamespaceWatch& watch = at->second->watch();
      if (watch.Knows(one.terms.service())) parts_.found->Put(one.upstream, one.terms, EndpointsOf(watch.SlicesOf(one.terms.service()), one.terms.port()));
    }
  }
}

void Watcher::Tell(const std::string& place, Job& job) {
  const std::set<std::string> changed = job.watch().TakeChanged();
  if (changed.empty()) return;
  for (const Wanted& one : wanted_.at(place)) {
    const std::string& service = one.terms.service();
    if (!changed.contains(service) || !job.watch().Knows(service)) continue;
    parts_.found->Put(one.upstream, one.terms, EndpointsOf(job.watch().SlicesOf(service), one.terms.port()));
  }
}

void Watcher::Report() {
  status_.namespaces.clear();
  for (auto& [name, job] : jobs_) {
    status_.namespaces.push_back({name, job->watch().watching(), job->watch().error()});
    const auto [requests, failures] = job->TakeCounts();
    status_.requests += requests;
    status_.failures += failures;
  }
  for (const auto& [name, upstreams] : wanted_) {
    if (!server_) status_.namespaces.push_back({name, false, "this controller runs without --kubernetes"});
    else if (!jobs_.contains(name)) status_.namespaces.push_back({name, false, fmt::format("more than {} namespaces are named", kMaxNamespaces)});
  }
  parts_.found->Report(status_);
}

void Watcher::Restore() {
  if (parts_.lists_file.empty()) return;
  const absl::StatusOr<std::string> bytes = tls::ReadPrivateFile(parts_.lists_file, kMaxListsFile);
  if (absl::IsNotFound(bytes.status())) return;
  v1::Snapshot lists;
  if (!bytes.ok() || !lists.ParseFromString(*bytes) || lists.digest() != config::SnapshotDigest(lists.resources())) {
    parts_.log->Warn("the lists of Kubernetes endpoints that were kept cannot be used",
                     {{"file", parts_.lists_file}, {"reason", bytes.ok() ? "it is damaged" : Message(bytes.status())}});
    return;
  }
  parts_.found->Restore(lists);
}

void Watcher::Save(bool now) {
  const std::uint64_t version = parts_.found->version();
  if (parts_.lists_file.empty() || version == saved_version_) return;
  if (!now && parts_.clock->Now() - saved_at_ < kSaveGap) return;
  saved_at_ = parts_.clock->Now();
  const absl::Status written = tls::WritePrivateFile(parts_.lists_file, parts_.found->Save().SerializeAsString());
  if (written.ok()) saved_version_ = version;
  else parts_.log->Warn("the lists of Kubernetes endpoints are not kept", {{"reason", Message(written)}});
}

}  // namespace switchyard::controlplane::kubernetes
