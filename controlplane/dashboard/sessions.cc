#include "controlplane/dashboard/sessions.h"

#include <algorithm>
#include <utility>

#include "common/base/random.h"
#include "common/tls/sha256.h"

namespace switchyard::controlplane::dashboard {
namespace {

constexpr std::size_t kSecretBytes = 32;

}  // namespace

bool Sessions::Over(const Held& held) const {
  const TimePoint now = clock_.Now();
  return now - held.used > limits_.idle || now - held.begun > limits_.longest || clock_.WallNow() > held.session.who.not_after ||
         credentials_.Revoked(held.session.who.fingerprint);
}

Sessions::Begun Sessions::Begin(const identity::PeerIdentity& who) {
  Begun begun{SecureHex(kSecretBytes), {who, SecureHex(kSecretBytes), std::min(who.not_after, clock_.WallNow() + limits_.longest)}};
  const std::lock_guard lock(mutex_);
  std::erase_if(sessions_, [this](const auto& item) { return Over(item.second); });
  if (sessions_.size() >= kMaxSessions) {
    sessions_.erase(std::min_element(sessions_.begin(), sessions_.end(),
                                     [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  }
  sessions_[tls::Sha256(begun.cookie)] = {begun.session, clock_.Now(), clock_.Now()};
  return begun;
}

std::optional<Session> Sessions::Find(std::string_view cookie) {
  const std::lock_guard lock(mutex_);
  const auto it = sessions_.find(tls::Sha256(cookie));
  if (it == sessions_.end()) return std::nullopt;
  if (Over(it->second)) {
    sessions_.erase(it);
    return std::nullopt;
  }
  it->second.used = clock_.Now();
  return it->second.session;
}

void Sessions::End(std::string_view cookie) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(tls::Sha256(cookie));
}

std::size_t Sessions::size() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(sessions_.begin(), sessions_.end(), [this](const auto& item) { return !Over(item.second); }));
}

std::string Sessions::MakeCode(std::optional<identity::PeerIdentity> who) {
  std::string code = SecureHex(kSecretBytes);
  const std::lock_guard lock(mutex_);
  std::erase_if(codes_, [this](const auto& item) { return clock_.Now() - item.second.made > kCodeLife; });
  if (codes_.size() >= kMaxCodes) {
    codes_.erase(std::min_element(codes_.begin(), codes_.end(), [](const auto& a, const auto& b) { return a.second.made < b.second.made; }));
  }
  codes_[tls::Sha256(code)] = {std::move(who), clock_.Now()};
  return code;
}

bool Sessions::TakeCode(std::string_view code, std::optional<identity::PeerIdentity>& who) {
  const std::lock_guard lock(mutex_);
  const auto it = codes_.find(tls::Sha256(code));
  if (it == codes_.end()) return false;
  const bool fresh = clock_.Now() - it->second.made <= kCodeLife;
  who = std::move(it->second.who);
  codes_.erase(it);
  return fresh;
}

}  // namespace switchyard::controlplane::dashboard
