// Load reports of backends: whatever comes is refused or read into finite numbers that are not negative, and reads the same again.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/codec/endpoint_load.h"

namespace {

void Expect(bool holds) {
  if (!holds) std::abort();
}

bool Usable(double value) { return value == -1 || (std::isfinite(value) && value >= 0); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using switchyard::agent::codec::ReadEndpointLoad;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const std::string& text : {std::string(bytes), "TEXT " + std::string(bytes), "JSON " + std::string(bytes)}) {
    const auto load = ReadEndpointLoad(text);
    if (!load) continue;
    Expect(Usable(load->cpu_utilization) && Usable(load->application_utilization) && Usable(load->in_flight));
    Expect(Usable(load->requests_per_second) && Usable(load->errors_per_second));
    const auto again = ReadEndpointLoad(" " + text + " ");
    Expect(text.size() + 2 > switchyard::agent::codec::kMaxEndpointLoad || (again && again->in_flight == load->in_flight));
  }
  return 0;
}
