// The part of Exchange that writes the access log: what is noted on the way, and the line at the end. Only while there is a pen.
#include "agent/exchange/exchange.h"
#include "agent/exchange/grpc.h"
#include "agent/exchange/request_id.h"
#include "agent/policy/facts.h"

namespace switchyard::agent::exchange {
namespace {

std::string_view ProtocolOf(const codec::RequestHead& head) {
  if (head.major_version == 2) return "HTTP/2";
  return head.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

}  // namespace

// The head is gone when the request ends.
void Exchange::NoteResponse(const std::vector<codec::Header>& headers) {
  scratch_->logged_headers.clear();
  access_log::AppendChosen(scratch_->logged_headers, listener_.access_log.response_headers, headers);
  if (!grpc_ && !IsGrpc(head_)) return;
  if (const std::string_view status = policy::FindHeader(headers, kGrpcStatus); !status.empty()) grpc_status_ = GrpcCodeOf(status);
}

void Exchange::NoteTrailers(const codec::Trailers& trailers) {
  if (!grpc_) return;
  for (const auto& [name, value] : trailers) {
    if (codec::EqualsIgnoreCase(name, kGrpcStatus)) grpc_status_ = GrpcCodeOf(value);
  }
}

void Exchange::WriteLine(Cause cause) {
  access_log::Entry entry;
  const std::string_view sent_id = scratch_->request_id.empty() ? policy::FindHeader(head_.headers, kRequestIdHeader) : std::string_view();
  entry.id = IsRequestId(sent_id) ? sent_id : std::string_view(scratch_->request_id);
  entry.client = server_.client_ip();
  entry.listener = listener_.name;
  if (route_ != nullptr) entry.route = route_->name;
  if (upstream_ != nullptr) entry.upstream = upstream_->config().name;
  if (backend_) entry.backend = backend_->address();
  entry.method = head_.method;
  entry.host = head_.host;
  entry.path = head_.path;
  if (head_.path_and_query.size() > head_.path.size()) entry.query = head_.path_and_query.substr(head_.path.size());
  entry.protocol = ProtocolOf(head_);
  entry.status = status_;
  entry.grpc_status = grpc_status_;
  entry.cause = cause;
  entry.bytes_in = body_bytes_;
  entry.bytes_out = sent_bytes_;
  entry.took = loop_.Now() - started_;
  entry.upstream_took = head_took_;
  if (head_took_ < Duration::zero() && attempt_sent_ != TimePoint()) entry.upstream_took = loop_.Now() - attempt_sent_;
  entry.attempts = attempts_;
  entry.request_headers = &head_.headers;
  entry.response_headers = scratch_->logged_headers;
  view_->pen->Write(entry, listener_.access_log);
}

}  // namespace switchyard::agent::exchange
