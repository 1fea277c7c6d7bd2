#include <algorithm>
#include <array>
#include <utility>

#include "agent/codec/h2_head.h"
#include "agent/codec/h2_session.h"
#include "agent/health/probe_dialogue.h"
#include "fmt/format.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace switchyard::agent::health {
namespace {

using codec::FieldId;
using codec::H2Error;
using codec::H2Session;

constexpr codec::H2Limits kLimits{.resets = 10, .control_frames = 100, .continuations = 4, .section_bytes = 65'536};
// A message of gRPC starts with a flag (compressed or not) and its length in four bytes.
constexpr std::size_t kMessagePrefix = 5;
// grpc.health.v1.HealthCheckResponse.ServingStatus
constexpr std::uint64_t kServing = 1;

codec::H2Settings Settings() {
  codec::H2Settings settings;
  settings.max_concurrent_streams = 0;
  settings.connection_window = ProbeDialogue::kMaxBytes;
  settings.stream_window = ProbeDialogue::kMaxBytes;
  return settings;
}

// HealthCheckRequest { string service = 1; }
std::string HealthRequest(const std::string& service) {
  std::string message;
  if (!service.empty()) {
    google::protobuf::io::StringOutputStream stream(&message);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.WriteTag(1 << 3 | 2);
    out.WriteVarint32(static_cast<std::uint32_t>(service.size()));
    out.WriteString(service);
  }
  std::string framed(kMessagePrefix, '\0');
  framed[3] = static_cast<char>(message.size() >> 8);
  framed[4] = static_cast<char>(message.size() & 0xFF);
  return framed + message;
}

// HealthCheckResponse { ServingStatus status = 1; }; the last one counts, as in any proto. Nothing: not such a message.
std::optional<std::uint64_t> ServingStatus(std::string_view framed) {
  if (framed.size() < kMessagePrefix || framed[0] != 0) return std::nullopt;
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(framed.data()) + kMessagePrefix,
                                            static_cast<int>(framed.size() - kMessagePrefix));
  std::uint64_t status = 0;
  while (const std::uint32_t tag = in.ReadTag()) {
    std::uint64_t value = 0;
    if (!in.ReadVarint64(&value)) return std::nullopt;
    if (tag == (1 << 3)) {
      status = value;
    } else if ((tag & 7) == 2) {
      if (!in.Skip(static_cast<int>(std::min<std::uint64_t>(value, framed.size())))) return std::nullopt;
    } else if ((tag & 7) != 0) {
      return std::nullopt;
    }
  }
  return in.ConsumedEntireMessage() ? std::optional(status) : std::nullopt;
}

// One request on a connection of its own.
class H2Dialogue final : public ProbeDialogue, private H2Session::Owner, private codec::H2Stream {
 public:
  explicit H2Dialogue(const ProbeSpec& spec) : spec_(spec), session_(H2Session::Side::kClient, *this, Settings(), kLimits, out_) {
    const std::string_view scheme = spec.tls == nullptr ? "http" : "https";
    const bool grpc = spec.kind == ProbeSpec::Kind::kGrpc;
    std::vector<codec::Header> headers = {{":method", grpc ? "POST" : "GET", FieldId::kOther},
                                          {":scheme", scheme, FieldId::kOther},
                                          {":authority", spec_.host, FieldId::kOther},
                                          {":path", grpc ? "/grpc.health.v1.Health/Check" : std::string_view(spec_.path), FieldId::kOther},
                                          {"user-agent", "switchyard-health", FieldId::kOther}};
    if (grpc) {
      headers.push_back({"content-type", "application/grpc", FieldId::kContentType});
      headers.push_back({"te", "trailers", FieldId::kTe});
    }
    for (const auto& [name, value] : spec_.headers) headers.push_back({name, value, FieldId::kOther});
    session_.Request(*this, headers, std::nullopt, !grpc);
    if (!grpc) return;
    session_.Write(*this, HealthRequest(spec.service), kMaxBytes);
    session_.End(*this, nullptr);
  }

  std::string Say() override {
    session_.Pump(kMaxBytes);
    return std::exchange(out_, {});
  }

  std::optional<ProbeResult> Hear(std::string_view bytes) override {
    // A probe ends long before a meter of what a peer does per second could matter.
    const Cause cause = session_.Feed(bytes, TimePoint());
    session_.Pump(kMaxBytes);
    if (cause != Cause::kNone || session_.finished()) Decide(ProbeFailure("not an HTTP/2 answer"));
    if (reset_) Decide(ProbeFailure("request was reset"));
    return result_;
  }

  ProbeResult Ended() override { return ProbeFailure("connection closed before a response"); }

 private:
  codec::H2Stream* OnNewStream(codec::StreamId) override { return nullptr; }
  void OnGoaway(codec::StreamId, H2Error) override {}
  void OnSettings() override {}
  void OnFault(Cause) override {}

  void OnFields(codec::H2Fields& fields, bool trailers, bool ends) override {
    if (trailers) {
      codec::Trailers list;
      fields.ListTo(list);
      for (const auto& [name, value] : list) TakeGrpc(name, value);
    } else {
      codec::ResponseHead head;
      if (codec::ReadResponseHead(fields, ends, false, head) != Cause::kNone) return Decide(ProbeFailure("not an HTTP/2 answer"));
      if (head.status < 200) {
        if (++interim_ > kMaxInterim) Decide(ProbeFailure(std::string(kTooManyInterim)));
        return;
      }
      status_ = head.status;
      for (const codec::Header& header : head.headers) TakeGrpc(header.name, header.value);
      if (spec_.kind == ProbeSpec::Kind::kHttp && (spec_.expected_text.empty() || !spec_.Expects(status_))) return Decide(JudgeStatus(spec_, status_));
    }
    if (ends || trailers) Judge();
  }

  void OnData(std::string_view data) override {
    body_.append(data.substr(0, kMaxBytes - body_.size()));
    if (spec_.kind == ProbeSpec::Kind::kHttp && body_.find(spec_.expected_text) != std::string::npos) return Decide(JudgeStatus(spec_, status_));
    if (body_.size() >= kMaxBytes) Judge();
  }

  void OnEnd() override { Judge(); }
  void OnDrained() override {}
  void OnSent() override {}
  void OnClosed(H2Error, Cause) override { reset_ = true; }

  void TakeGrpc(std::string_view name, std::string_view value) {
    if (name == "grpc-status") grpc_status_ = value;
    if (name == "grpc-message") grpc_message_ = value.substr(0, 200);
  }

  // All of the answer is there.
  void Judge() {
    if (spec_.kind == ProbeSpec::Kind::kHttp) {
      return Decide(ProbeFailure(fmt::format("status {}, but the body does not contain the expected text", status_)));
    }
    if (status_ != 200) return Decide(ProbeFailure(fmt::format("status {} instead of a gRPC answer", status_)));
    if (grpc_status_ != "0") return Decide(ProbeFailure(fmt::format("grpc-status {} {}", grpc_status_, grpc_message_)));
    const std::optional<std::uint64_t> serving = ServingStatus(body_);
    if (!serving) return Decide(ProbeFailure("not an answer of grpc.health.v1"));
    if (*serving == kServing) return Decide({ProbeVerdict::kOk, "SERVING"});
    constexpr std::array<std::string_view, 4> kNames = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
    Decide(ProbeFailure(*serving < kNames.size() ? std::string(kNames[*serving]) : fmt::format("status {}", *serving)));
  }

  void Decide(ProbeResult result) {
    if (!result_) result_ = std::move(result);
  }

  const ProbeSpec spec_;
  std::string out_;
  H2Session session_;
  std::optional<ProbeResult> result_;
  bool reset_ = false;
  int interim_ = 0;
  std::uint32_t status_ = 0;
  std::string body_;
  std::string grpc_status_;
  std::string grpc_message_;
};

}  // namespace

std::unique_ptr<ProbeDialogue> MakeH2ProbeDialogue(const ProbeSpec& spec) { return std::make_unique<H2Dialogue>(spec); }

}  // namespace switchyard::agent::health
