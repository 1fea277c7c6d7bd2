// Goal: whatever comes from an API server, in whatever pieces, is read or refused: no crash, no table beyond its bounds, and a list that is refused changes
// nothing.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/config/limits.h"
#include "controlplane/kubernetes/namespace_watch.h"

using namespace switchyard;
using namespace switchyard::controlplane::kubernetes;

namespace {

void Play(NamespaceWatch& watch, std::string_view text, int status, std::size_t piece) {
  watch.Next();
  watch.OnHead(status);
  absl::Status read;
  for (std::size_t at = 0; at < text.size() && read.ok(); at += piece) read = watch.OnBytes(text.substr(at, piece));
  const std::size_t before = watch.SlicesOf("app").size();
  const bool knew = watch.Knows("app");
  watch.OnEnd(read, std::chrono::seconds(60));
  if (knew && !watch.error().empty() && watch.SlicesOf("app").size() != before) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  NamespaceWatch watch("default", 1);
  watch.Want({"app"});
  const std::size_t piece = (data[0] & 0x3f) + 1;
  // The first line is a list, the rest a watch; a list of all as well.
  const std::size_t line = text.find('\n');
  Play(watch, text.substr(0, line), 200, piece);
  if (line != std::string_view::npos) Play(watch, text.substr(line + 1), 200, piece);
  Play(watch, text, (data[0] & 0x40) != 0 ? 410 : 200, size);
  for (const char* port : {"", "http", "80"}) {
    const Endpoints endpoints = EndpointsOf(watch.SlicesOf("app"), port);
    if (endpoints.backends.size() > config::kMaxDiscovered) std::abort();
    for (std::size_t i = 1; i < endpoints.backends.size(); ++i) {
      if (endpoints.backends[i - 1].address() >= endpoints.backends[i].address()) std::abort();
    }
  }
  return 0;
}
