#include "controlplane/identity/enrolment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "common/base/status.h"
#include "common/tls/certificate_request.h"
#include "common/tls/sha256.h"
#include "common/tls/spiffe_id.h"

namespace switchyard::controlplane::identity {
namespace {

constexpr std::string_view kSection = "enrolment";

void SetTime(google::protobuf::Timestamp& out, WallTime time) {
  out.set_seconds(std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
}

template <typename Response>
void Fill(Response& response, const tls::Certificate& certificate, const Authority& authority) {
  response.set_certificate_pem(certificate.ToPem());
  response.set_ca_pem(authority.ca_pem());
  SetTime(*response.mutable_not_after(), certificate.not_after());
}

// A record is one line: count, end of the certificate (seconds), token, fingerprint.
struct Line {
  unsigned long long count = 0;
  long long not_after = 0;
  std::array<char, 64> token{};
};

std::optional<Line> ParseLine(const std::string& text) {
  Line line;
  if (std::sscanf(text.c_str(), "1 %llu %lld %63s", &line.count, &line.not_after, line.token.data()) < 2) return std::nullopt;
  return line;
}

std::string LineOf(std::uint64_t count, const tls::Certificate& certificate, const std::string& token_id) {
  const auto end = std::chrono::floor<std::chrono::seconds>(certificate.not_after().time_since_epoch()).count();
  return fmt::format("1 {} {} {} {}", count, end, token_id, tls::ToHex(certificate.Fingerprint()));
}

}  // namespace

Enrolment::Enrolment(const Authority& authority, Tokens& tokens, store::Store& store, const Clock& clock, RefusalCounters& refusals,
                     std::size_t max_nodes)
    : authority_(authority), tokens_(tokens), store_(store), clock_(clock), refusals_(refusals), max_nodes_(max_nodes) {}

absl::StatusOr<Enrolment::Known> Enrolment::Find(const std::string& node) const {
  const auto record = store_.GetRecord(kSection, node);
  if (absl::IsNotFound(record.status())) return Known();
  if (!record.ok()) return record.status();
  const auto line = ParseLine(record->value);
  if (!line.has_value()) return absl::DataLossError(fmt::format("the enrolment of node \"{}\" cannot be read", node));
  return Known{record->revision, line->count, WallTime(std::chrono::seconds(line->not_after)), line->token.data()};
}

absl::Status Enrolment::CheckRoom(const Known& known) {
  if (known.revision != 0) return absl::OkStatus();
  if (!nodes_.has_value()) {
    const auto records = store_.ListRecords(kSection);
    if (!records.ok()) return records.status();
    nodes_ = records->size();
  }
  if (*nodes_ < max_nodes_) return absl::OkStatus();
  if (auto forgotten = ForgetTheGone(); !forgotten.ok()) return forgotten;
  if (*nodes_ < max_nodes_) return absl::OkStatus();
  return absl::ResourceExhaustedError(fmt::format("{} node names are enrolled, the most allowed, and none has been gone for 7 days", max_nodes_));
}

absl::Status Enrolment::ForgetTheGone() {
  const auto records = store_.ListRecords(kSection);
  if (!records.ok()) return records.status();
  for (const store::Record& record : *records) {
    const auto line = ParseLine(record.value);
    if (!line.has_value() || WallTime(std::chrono::seconds(line->not_after)) + kForgetAfter > clock_.WallNow()) continue;
    if (auto deleted = store_.DeleteRecord(kSection, record.key, record.revision); !deleted.ok()) return deleted;
    --*nodes_;
  }
  return absl::OkStatus();
}

absl::StatusOr<Enrolled> Enrolment::Enroll(const v1::EnrollRequest& request) {
  if (auto welcome = tokens_.Check(request.token()); !welcome.ok()) return welcome;
  if (!tls::ValidIdentityName(request.node())) {
    refusals_.Add(Refusal::kBadNodeName);
    return absl::InvalidArgumentError("node: expected 1-63 lower-case letters, digits, '-' and '.', first and last a letter or digit");
  }
  const auto csr = tls::CertificateRequest::FromPem(request.csr_pem());
  if (!csr.ok()) {
    refusals_.Add(Refusal::kBadRequest);
    return csr.status();
  }
  // One enrolment at a time, so that the count of names and the record of a name hold.
  const std::lock_guard lock(mutex_);
  const auto known = Find(request.node());
  if (!known.ok()) return known.status();
  if (auto room = CheckRoom(*known); !room.ok()) return room;
  const auto certificate = authority_.IssueAgent(csr->public_key_der(), request.node());
  if (!certificate.ok()) return certificate.status();
  Enrolled enrolled;
  enrolled.replaced = known->revision != 0 && clock_.WallNow() < known->not_after;
  Fill(enrolled.response, *certificate, authority_);
  auto token = tokens_.Redeem(request.token(), [&](const std::string& id) {
    return store::RecordPut{std::string(kSection), request.node(), LineOf(known->count + 1, *certificate, id), known->revision};
  });
  if (!token.ok()) return token.status();
  enrolled.token_id = std::move(*token);
  if (known->revision == 0) ++*nodes_;
  return enrolled;
}

void Enrolment::RecordRenewal(const std::string& node, const tls::Certificate& certificate) {
  const std::lock_guard lock(mutex_);
  const auto known = Find(node);
  if (!known.ok() || known->revision == 0) return;
  static_cast<void>(store_.PutRecord(kSection, node, LineOf(known->count, certificate, known->token_id), known->revision));
}

absl::StatusOr<std::vector<Enrolment::Node>> Enrolment::Nodes() const {
  const auto records = store_.ListRecords(kSection);
  if (!records.ok()) return records.status();
  std::vector<Node> nodes;
  for (const store::Record& record : *records) {
    const auto line = ParseLine(record.value);
    if (!line.has_value()) continue;
    const WallTime end{std::chrono::seconds(line->not_after)};
    if (end > clock_.WallNow()) nodes.push_back({record.key, end});
  }
  std::stable_sort(nodes.begin(), nodes.end(), [](const Node& a, const Node& b) { return a.not_after > b.not_after; });
  return nodes;
}

absl::StatusOr<v1::RenewResponse> Enrolment::Renew(const PeerIdentity& peer, const v1::RenewRequest& request) {
  if (peer.role != tls::Role::kAgent) {
    refusals_.Add(Refusal::kWrongRole);
    return absl::PermissionDeniedError("only agents renew their certificates here");
  }
  const auto csr = tls::CertificateRequest::FromPem(request.csr_pem());
  if (!csr.ok()) {
    refusals_.Add(Refusal::kBadRequest);
    return csr.status();
  }
  const auto certificate = authority_.IssueAgent(csr->public_key_der(), peer.name);
  if (!certificate.ok()) return certificate.status();
  RecordRenewal(peer.name, *certificate);
  v1::RenewResponse response;
  Fill(response, *certificate, authority_);
  return response;
}

}  // namespace switchyard::controlplane::identity
