// Why a connection to the controller failed, as a person needs it. gRPC tells by text only; the texts are those of gRPC 1.51 and OpenSSL 3 in
// Debian 12. That of a foreign authority is held by a test against a real controller.
//
// Thread-safety: pure functions. Errors: none; a text that is not known has no remedy.
#pragma once

#include <string_view>

namespace switchyard::rpc {

// The server showed a certificate of another authority than the one that was asked for.
bool IsForeignCa(std::string_view message);
// No connection came about, so nothing was sent.
bool NeverConnected(std::string_view message);
// What to do; empty when there is nothing better to say than that it cannot be reached.
std::string_view ConnectRemedy(std::string_view message);

}  // namespace switchyard::rpc
