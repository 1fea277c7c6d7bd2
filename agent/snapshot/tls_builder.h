// TlsBuilder: the TLS contexts of one snapshot, from the resources that describe them and the Secrets that these name.
//
// A context is taken over from the snapshot before when nothing that went into it has changed: neither the resource's TLS fields, nor its
// protocol, nor the Secrets. Private keys are in OpenSSL's objects and nowhere else here; what is compared is a digest.
//
// Thread-safety: one thread (the data plane's). Cost: of an unchanged context one SHA-256 of its inputs.
// Errors: a Violation with the field; the last good context is used in its place, or none if there never was one.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/tls/client_context.h"
#include "agent/tls/server_context.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::agent::snapshot {

class TlsBuilder {
 public:
  explicit TlsBuilder(std::shared_ptr<const tls::TicketKeyRing> tickets) : tickets_(std::move(tickets)) {}

  // Before the first of a snapshot's contexts is asked for.
  void Begin(const v1::Snapshot& snapshot);
  // Null with a violation: there is none to use.
  std::shared_ptr<const tls::ServerContext> ForListener(const v1::Resource& resource, std::vector<v1::Violation>& violations);
  std::shared_ptr<const tls::ClientContext> ForUpstream(const v1::Resource& resource, std::vector<v1::Violation>& violations);
  // Digest of the Secrets that it names; empty when it names none.
  std::string SecretsOf(const v1::UpstreamTls& tls) const;
  // Its context is in use as it is.
  void KeepUpstream(const std::string& name) { clients_[name].asked = true; }
  // After the last: what was not asked for is forgotten.
  void End();
  // Whether there are files with OCSP responses, and whether one of them is another than the one that was read.
  bool has_staples() const { return !staples_.empty(); }
  bool StaplesChanged() const;
  // Of files on this host that could not be used; since the last call.
  std::vector<std::string> TakeWarnings() { return std::exchange(warnings_, {}); }

 private:
  template <class Context>
  struct Built {
    std::string digest;
    std::shared_ptr<const Context> context;
    bool asked = false;
  };

  const v1::Secret* Find(const std::string& name) const;
  std::string ReadStaple(const std::string& listener, const std::string& path);
  // Tells two states of a file apart; equal for one that is not there.
  static std::string StampOf(const std::string& path);

  const std::shared_ptr<const tls::TicketKeyRing> tickets_;
  tls::HostCas host_cas_;
  std::unordered_map<std::string, const v1::Secret*> secrets_;
  std::unordered_map<std::string, Built<tls::ServerContext>> servers_;
  std::unordered_map<std::string, Built<tls::ClientContext>> clients_;
  std::unordered_map<std::string, std::string> staples_;  // path to stamp, of this snapshot
  std::vector<std::string> warnings_;
};

}  // namespace switchyard::agent::snapshot
