#include "controlplane/stream/publisher.h"

#include <utility>

namespace switchyard::controlplane::stream {

Publisher::Publisher(store::Store* store, SnapshotCache::Compiler compiler) : cache_(std::move(compiler)) {
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

void Publisher::SetTicketKeys(Frame keys) {
  const std::lock_guard lock(mutex_);
  keys_ = std::move(keys);
  fresh_keys_ = true;
  wake_.notify_one();
}

void Publisher::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || fresh_ || fresh_keys_ || !newcomers_.empty(); });
    if (stopping_) return;
    const auto catalog = newest_;
    const auto newcomers = std::exchange(newcomers_, {});
    const bool fresh = std::exchange(fresh_, false);
    const bool fresh_keys = std::exchange(fresh_keys_, false);
    const Frame keys = keys_;
    std::vector<Member> members;
    if (fresh || fresh_keys) {
      members.reserve(members_.size());
      for (const auto& [session, member] : members_) members.push_back(member);
    }
    lock.unlock();
    // Newcomers first: their first target must come with the base for a delta.
    Welcome(catalog, newcomers);
    if (fresh) Publish(catalog, members);
    if (fresh_keys) GiveKeys(keys, members);
    for (const Newcomer& newcomer : newcomers) GiveKeys(keys, {newcomer.member});
    lock.lock();
  }
}

void Publisher::Welcome(const std::shared_ptr<const store::Catalog>& catalog, const std::vector<Newcomer>& newcomers) {
  for (const Newcomer& newcomer : newcomers) {
    const auto session = newcomer.member.session.lock();
    if (session == nullptr) continue;
    auto base = newcomer.held_digest.empty() ? nullptr : cache_.FindRecent(newcomer.held_digest);
    session->SetTarget(cache_.Get(catalog, *newcomer.member.labels), std::move(base));
  }
}

void Publisher::GiveKeys(const Frame& keys, const std::vector<Member>& members) {
  if (keys == nullptr) return;
  for (const Member& member : members) {
    if (const auto session = member.session.lock()) session->SetTicketKeys(keys);
  }
}

void Publisher::Publish(const std::shared_ptr<const store::Catalog>& catalog, const std::vector<Member>& members) {
  for (const Member& member : members) {
    if (const auto session = member.session.lock()) session->SetTarget(cache_.Get(catalog, *member.labels), nullptr);
  }
}

}  // namespace switchyard::controlplane::stream
