// First bytes of a connection: PROXY protocol headers and TLS client hellos. Whatever comes is refused, wanted more of, or read; a verdict
// stands however many bytes follow, what was wanted more of is never longer than the bound, and what is read is written so that it reads the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/codec/client_hello.h"
#include "agent/codec/proxy_header.h"

namespace {

using namespace switchyard::agent::codec;

void Expect(bool holds) {
  if (!holds) std::abort();
}

void CheckProxy(std::string_view bytes) {
  ProxyHeader header;
  const ProxyHeaderState state = ParseProxyHeader(bytes, header);
  if (state == ProxyHeaderState::kNeedMore) Expect(bytes.size() < kMaxProxyHeaderBytes);
  ProxyHeader longer;
  const std::string more = std::string(bytes) + "x";
  if (state == ProxyHeaderState::kBad) Expect(ParseProxyHeader(more, longer) == ProxyHeaderState::kBad);
  if (state != ProxyHeaderState::kDone) return;
  Expect(header.size > 0 && header.size <= bytes.size());
  Expect(ParseProxyHeader(more, longer) == ProxyHeaderState::kDone && longer.size == header.size);
  if (!header.has_addresses) return;
  std::string again;
  AppendProxyV2(again, header.source, header.destination);
  Expect(ParseProxyHeader(again, longer) == ProxyHeaderState::kDone && longer.source == header.source && longer.destination == header.destination);
  again.clear();
  AppendProxyV1(again, header.source, header.destination);
  Expect(ParseProxyHeader(again, longer) == ProxyHeaderState::kDone && longer.source == header.source && longer.destination == header.destination);
}

void CheckHello(std::string_view bytes) {
  ClientHello hello;
  const HelloState state = ParseClientHello(bytes, hello);
  if (state == HelloState::kNeedMore) Expect(bytes.size() < kMaxClientHelloBytes);
  if (state == HelloState::kNeedMore) return;
  ClientHello longer;
  Expect(ParseClientHello(std::string(bytes) + "x", longer) == state);
  if (state == HelloState::kDone) Expect(longer.server_name == hello.server_name && hello.server_name.size() <= 255);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckProxy(bytes);
  CheckHello(bytes);
  return 0;
}
