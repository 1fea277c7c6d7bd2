// EndpointSlice: what we keep of one EndpointSlice (discovery.k8s.io/v1), and of the answers that bring it.
//
// Values only. Optional conditions are already resolved as the API's reference says: `ready` absent means ready, `serving` absent means as `ready`,
// `terminating` absent means no.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace switchyard::controlplane::kubernetes {

struct SliceEndpoint {
  // The first of `addresses`: they are interchangeable, and the API writes one.
  std::string address;
  bool ready = true;
  bool serving = true;
  bool terminating = false;
  std::string zone;
  // Who is behind it (`targetRef`: uid, else kind/name); empty: not said. A pod with an IPv4 and an IPv6 address is the same in both slices.
  std::string target;
  bool operator==(const SliceEndpoint&) const = default;
};

struct SlicePort {
  std::string name;
  // 0: the slice does not say.
  std::uint32_t port = 0;
  // Empty means TCP.
  std::string protocol;
  bool operator==(const SlicePort&) const = default;
};

struct EndpointSlice {
  std::string name;
  // Label kubernetes.io/service-name.
  std::string service;
  // `IPv4`, `IPv6`, `FQDN`.
  std::string address_type;
  std::vector<SlicePort> ports;
  std::vector<SliceEndpoint> endpoints;
  bool operator==(const EndpointSlice&) const = default;
};

// One page of a list.
struct SlicePage {
  // Where a watch of this list begins.
  std::string version;
  // Token of the next page; empty: this was the last one.
  std::string more;
  std::vector<EndpointSlice> slices;
};

// One line of a watch.
struct WatchEvent {
  enum class Kind { kPut, kDelete, kBookmark, kError };
  Kind kind = Kind::kBookmark;
  // Where the next watch goes on.
  std::string version;
  // kPut, kDelete.
  EndpointSlice slice;
  // kError: HTTP's code and the server's words.
  int code = 0;
  std::string message;
};

}  // namespace switchyard::controlplane::kubernetes
