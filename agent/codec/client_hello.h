// ClientHello: what the first message of a TLS client says, read without terminating TLS: which server it wants.
//
// Strict in form and bounded, because it decides where bytes go: record headers, lengths and extension lists must add up, and a server name
// must look like one. What TLS itself judges (versions, ciphers, keys) is left to the backend that terminates it. A hello may be spread
// over several records (RFC 8446 section 5.1). With Encrypted Client Hello (RFC 9849) the outer, public name is what is read.
//
// Thread-safety: pure. Cost: linear in the hello; allocates only for a hello in several records. Bounds: kMaxClientHelloBytes on the wire.
// Source: RFC 8446 sections 4.1.2, 4.2 and 5.1; RFC 6066 section 3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::agent::codec {

// Record headers included. Hellos of today take 0.5 to 2 KiB, with Encrypted Client Hello and post-quantum keys up to 4 KiB.
inline constexpr std::size_t kMaxClientHelloBytes = 16384;

struct ClientHello {
  // Lower case, without a trailing dot; empty: the client named none.
  std::string server_name;
  // `encrypted_client_hello` is there, so the name is the public one.
  bool encrypted = false;
};

enum class HelloState : std::uint8_t { kNeedMore, kDone, kBad };

// `bytes`: all that came from the client so far. kBad as soon as they cannot be the start of a hello. `out` is set when kDone.
HelloState ParseClientHello(std::string_view bytes, ClientHello& out);

}  // namespace switchyard::agent::codec
