// NamespaceWatch: list and watch of the EndpointSlices of some Services in one namespace. A state machine: no thread, socket or clock.
//
//   Next() ─▶ request ─▶ OnHead, OnBytes… ─▶ OnEnd() ─▶ how long to wait ─▶ Next() …
//
// A list in pages of kPage, kept apart until it is whole, so that a list that breaks off changes nothing; then a watch from the list's version, in turns of
// a minute or so (kWatch and up to half of it more, so that agents of the API server do not see us in step). A watch that ends goes on from where it was,
// at once if it had lasted, else after a backoff; what happened in between comes first then. 410 Gone, over HTTP or as an event, means a new list. So does
// whatever we cannot read. Other errors of a watch keep the place. The last good list holds in any case.
//
// Thread-safety: one owner. Bounds: kMaxAnswer bytes of a page, kMaxEvent of a line of a watch, kMaxSlices in all: beyond, the request ends as failed.
// Errors: are what OnBytes returns (end the request with it) and `error()`.
// Source: "Kubernetes API Concepts": efficient detection of changes, watch bookmarks, 410 Gone, retrieving large results sets in chunks.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/base/random.h"
#include "common/rpc/backoff.h"
#include "controlplane/kubernetes/endpoints.h"

namespace switchyard::controlplane::kubernetes {

// What to ask the API server.
struct Request {
  // Path and query.
  std::string path;
  // The whole of it must be over by then.
  Duration within{};
};

class NamespaceWatch {
 public:
  static constexpr int kPage = 500;
  static constexpr std::size_t kMaxAnswer = std::size_t{32} << 20;
  static constexpr std::size_t kMaxEvent = std::size_t{4} << 20;
  static constexpr std::size_t kMaxSlices = 20'000;
  static constexpr Duration kList = std::chrono::seconds(30);
  static constexpr Duration kWatch = std::chrono::seconds(60);
  // A watch may end this much later than asked.
  static constexpr Duration kGrace = std::chrono::seconds(10);
  // A watch that ended sooner did not go well.
  static constexpr Duration kShort = std::chrono::seconds(5);
  // More services than this are not named one by one: all of the namespace is read, and what nobody wants is passed over.
  static constexpr std::size_t kMaxNamed = 50;
  static constexpr rpc::BackoffOptions kBackoff{.initial = std::chrono::milliseconds(500), .max = std::chrono::seconds(30)};

  NamespaceWatch(std::string name, std::uint64_t seed);

  // The Services whose slices are wanted. True: they are others than before, so a request under way is to be ended and Next called at once.
  bool Want(std::set<std::string> services);

  Request Next();
  void OnHead(int http_status);
  // Not OK: end the request; OnEnd gets this status.
  absl::Status OnBytes(std::string_view bytes);
  // `took`: how long the request lasted. Returns how long to wait before Next.
  Duration OnEnd(const absl::Status& transport, Duration took);

  // The Services whose slices changed since the last call.
  std::set<std::string> TakeChanged();
  // Whether there was a whole list of this Service.
  bool Knows(const std::string& service) const { return known_.contains(service); }
  const Slices& SlicesOf(const std::string& service) const;
  // Why the newest request failed; empty: it did not.
  const std::string& error() const { return error_; }
  // Whether a list was read and the watch is on.
  bool watching() const { return !version_.empty(); }

 private:
  using Table = std::map<std::string, Slices>;

  absl::Status OnLine(std::string_view line);
  absl::Status OnPage();
  void Put(Table& table, EndpointSlice slice);
  void StartOver();
  std::string Selector() const;
  absl::Status Refused() const;

  const std::string name_;
  Random random_;
  rpc::Backoff backoff_;
  std::set<std::string> wanted_;
  Table table_;
  std::set<std::string> known_;
  std::set<std::string> changed_;
  std::string error_;
  // Of the list; empty: a list is needed.
  std::string version_;
  // The list under way.
  Table listed_;
  std::size_t listed_slices_ = 0;
  std::string more_;
  // The request under way.
  bool is_watch_ = false;
  int http_status_ = 0;
  std::string bytes_;
};

}  // namespace switchyard::controlplane::kubernetes
