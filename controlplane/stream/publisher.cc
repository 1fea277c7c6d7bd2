#include "controlplane/stream/publisher.h"

#include <algorithm>
#include <utility>

namespace switchyard::controlplane::stream {
namespace {

bool Needs(const v1::Snapshot& snapshot, const std::shared_ptr<const std::set<std::string>>& unknown) {
  if (unknown == nullptr) return false;
  return std::any_of(snapshot.resources().begin(), snapshot.resources().end(),
                     [&](const v1::Resource& resource) { return resource.has_upstream() && unknown->contains(resource.name()); });
}

}  // namespace

Publisher::Publisher(store::Store* store, SnapshotCache::Compiler compiler, Filler filler) : cache_(std::move(compiler)), filler_(std::move(filler)) {
  watch_ = store->Watch([this](const store::ChangeRecord&, const std::shared_ptr<const store::Catalog>& catalog) {
    const std::lock_guard lock(mutex_);
    if (newest_ != nullptr && catalog->generation <= newest_->generation) return;
    newest_ = catalog;
    fresh_ = true;
    wake_.notify_one();
  });
  {
    // After Watch, so that no commit falls between the two.
    auto catalog = store->Read();
    const std::lock_guard lock(mutex_);
    if (newest_ == nullptr || newest_->generation < catalog->generation) newest_ = std::move(catalog);
  }
  thread_ = std::thread([this] { Run(); });
}

Publisher::~Publisher() { Stop(); }

void Publisher::Stop() {
  watch_.reset();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Publisher::Join(const std::shared_ptr<SessionHandle>& session, Labels labels, std::string held_digest) {
  Member member{session, std::make_shared<const Labels>(std::move(labels))};
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  members_[session.get()] = member;
  newcomers_.push_back({std::move(member), std::move(held_digest)});
  wake_.notify_one();
}

void Publisher::Leave(const SessionHandle& session) {
  const std::lock_guard lock(mutex_);
  members_.erase(&session);
}

void Publisher::Refill() {
  const std::lock_guard lock(mutex_);
  refilled_ = true;
  wake_.notify_one();
}

void Publisher::SetTicketKeys(Frame keys) {
  const std::lock_guard lock(mutex_);
  keys_ = std::move(keys);
  fresh_keys_ = true;
  wake_.notify_one();
}

void Publisher::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || fresh_ || refilled_ || fresh_keys_ || !newcomers_.empty(); });
    if (refilled_ && !fresh_) wake_.wait_for(lock, kGather, [this] { return stopping_ || fresh_; });
    if (stopping_) return;
    const auto catalog = newest_;
    const bool refilled = std::exchange(refilled_, false);
    FilledCatalog filled;
    if (!Fill(lock, filled)) continue;
    if (stopping_) return;
    const auto newcomers = std::exchange(newcomers_, {});
    const bool fresh = fresh_ || refilled;
    // A commit that came meanwhile has the next turn.
    if (newest_ == catalog) fresh_ = false;
    const bool fresh_keys = std::exchange(fresh_keys_, false);
    const Frame keys = keys_;
    std::vector<Member> members;
    if (fresh || fresh_keys) {
      members.reserve(members_.size());
      for (const auto& [session, member] : members_) members.push_back(member);
    }
    lock.unlock();
    // Newcomers first: their first target must come with the base for a delta.
    Welcome(filled, newcomers);
    if (fresh) Publish(filled, members);
    if (fresh_keys) GiveKeys(keys, members);
    for (const Newcomer& newcomer : newcomers) GiveKeys(keys, {newcomer.member});
    lock.lock();
  }
}

bool Publisher::Fill(std::unique_lock<std::mutex>& lock, FilledCatalog& filled) {
  filled.catalog = newest_;
  if (!filler_) return true;
  lock.unlock();
  filled = filler_(filled.catalog);
  lock.lock();
  if (filled.wait <= Duration::zero()) return true;
  // Until the time is over, or something came that may end the waiting.
  wake_.wait_for(lock, filled.wait, [this] { return stopping_ || refilled_; });
  refilled_ = true;
  return false;
}

void Publisher::Welcome(const FilledCatalog& filled, std::vector<Newcomer> newcomers) {
  newcomers.insert(newcomers.begin(), held_.begin(), held_.end());
  held_.clear();
  for (const Newcomer& newcomer : newcomers) {
    const auto session = newcomer.member.session.lock();
    if (session == nullptr) continue;
    auto snapshot = cache_.Get(filled.catalog, *newcomer.member.labels);
    if (!newcomer.held_digest.empty() && Needs(*snapshot, filled.unknown)) {
      held_.push_back(newcomer);
      continue;
    }
    auto base = newcomer.held_digest.empty() ? nullptr : cache_.FindRecent(newcomer.held_digest);
    session->SetTarget(std::move(snapshot), std::move(base));
  }
}

void Publisher::GiveKeys(const Frame& keys, const std::vector<Member>& members) {
  if (keys == nullptr) return;
  for (const Member& member : members) {
    if (const auto session = member.session.lock()) session->SetTicketKeys(keys);
  }
}

void Publisher::Publish(const FilledCatalog& filled, const std::vector<Member>& members) {
  std::unordered_set<const SessionHandle*> held;
  for (const Newcomer& newcomer : held_) held.insert(newcomer.member.session.lock().get());
  for (const Member& member : members) {
    const auto session = member.session.lock();
    if (session == nullptr || held.contains(session.get())) continue;
    session->SetTarget(cache_.Get(filled.catalog, *member.labels), nullptr);
  }
}

}  // namespace switchyard::controlplane::stream
