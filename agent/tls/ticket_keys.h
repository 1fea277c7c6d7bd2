// TicketKeyRing: the keys by which sessions are resumed (RFC 5077, RFC 8446 section 4.6.1), shared by all workers of an agent.
//
// The first key seals new tickets, all of them open old ones. The controller gives the same keys to the whole fleet and changes them; the
// key that comes next is among them before it is used, so that a ticket of any agent can be opened by every other at any time. Until the
// controller has spoken, a random key of this process is used.
//
// Thread-safety: every method from any thread. Cost: one lock per full handshake or resumption; not on the path of bytes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace switchyard::agent::tls {

struct TicketKey {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> cipher{};  // AES-256-CBC
  std::array<unsigned char, 32> mac{};     // HMAC-SHA-256
};
inline constexpr std::size_t kTicketKeyBytes = 80;
using TicketKeys = std::vector<TicketKey>;

class TicketKeyRing {
 public:
  TicketKeyRing();

  // `keys`: each 80 bytes (name, cipher, mac), the one to seal with first. Ignored unless all have that length and there is one.
  void Set(const std::vector<std::string_view>& keys);
  std::shared_ptr<const TicketKeys> Get() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const TicketKeys> keys_;
};

}  // namespace switchyard::agent::tls
