#include "agent/health/probe_dialogue.h"

#include <utility>
#include <vector>

#include "agent/codec/chunk_decoder.h"
#include "agent/codec/h1_lines.h"
#include "agent/codec/h1_parser.h"
#include "fmt/format.h"

namespace switchyard::agent::health {
namespace {

constexpr codec::HeadLimits kLimits{.max_head_bytes = 16 * 1024, .max_headers = 200, .max_target_bytes = 0};
constexpr std::string_view kClosedEarly = "connection closed before a response";

class H1Dialogue final : public ProbeDialogue {
 public:
  explicit H1Dialogue(const ProbeSpec& spec) : spec_(spec) {
    say_ = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: switchyard-health\r\nAccept: */*\r\nConnection: close\r\n", spec.path, spec.host);
    for (const auto& [name, value] : spec.headers) say_ += fmt::format("{}: {}\r\n", name, value);
    say_ += "\r\n";
  }

  std::string Say() override { return std::exchange(say_, {}); }

  std::optional<ProbeResult> Hear(std::string_view bytes) override {
    if (status_ != 0) return HearBody(bytes);
    held_.append(bytes);
    while (status_ == 0) {
      const std::size_t size = codec::FindHeadEnd(held_, 0);
      if (size == 0) {
        if (held_.size() > kLimits.max_head_bytes || !StartsWell()) return ProbeFailure("not an HTTP/1 response");
        return std::nullopt;
      }
      codec::ResponseHead head;
      if (codec::ParseResponseHead(std::string_view(held_).substr(0, size), kLimits, false, head) != Cause::kNone) {
        return ProbeFailure("not an HTTP/1 response");
      }
      // Interim responses are skipped (RFC 9110 section 15.2).
      if (head.status == 101 || head.status >= 200) {
        TakeHead(head);
      } else if (++interim_ > kMaxInterim) {
        return ProbeFailure(std::string(kTooManyInterim));
      }
      held_.erase(0, size);
    }
    const ProbeResult judged = JudgeStatus(spec_, status_);
    if (judged.verdict != ProbeVerdict::kOk || spec_.expected_text.empty()) return judged;
    return HearBody(std::exchange(held_, {}));
  }

  ProbeResult Ended() override { return ProbeFailure(status_ == 0 ? std::string(kClosedEarly) : Missing()); }

 private:
  // A stranger that never ends its first line is found out early.
  bool StartsWell() const {
    constexpr std::string_view kStart = "HTTP/1.";
    const std::string_view start = std::string_view(held_).substr(0, kStart.size());
    return start == kStart.substr(0, start.size());
  }

  void TakeHead(const codec::ResponseHead& head) {
    status_ = head.status;
    framing_ = head.framing;
    left_ = head.content_length;
  }

  std::string Missing() const { return fmt::format("status {}, but the body does not contain the expected text", status_); }

  std::optional<ProbeResult> HearBody(std::string_view bytes) {
    bool ended = framing_ == codec::Framing::kNone;
    if (framing_ == codec::Framing::kChunked) {
      std::size_t consumed = 0;
      std::vector<std::string_view> data;
      const auto state = chunks_.Feed(bytes, consumed, data);
      for (const std::string_view part : data) body_.append(part);
      if (state == codec::ChunkDecoder::State::kBad) return ProbeFailure("not an HTTP/1 response");
      ended = state == codec::ChunkDecoder::State::kDone;
    } else if (framing_ == codec::Framing::kLength) {
      const std::string_view part = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
      body_.append(part);
      left_ -= part.size();
      ended = left_ == 0;
    } else {
      body_.append(bytes);
    }
    if (std::string_view(body_).substr(0, kMaxBytes).find(spec_.expected_text) != std::string_view::npos) return JudgeStatus(spec_, status_);
    if (ended || body_.size() >= kMaxBytes) return ProbeFailure(Missing());
    return std::nullopt;
  }

  const ProbeSpec spec_;
  std::string say_;
  std::string held_;  // of the head
  std::string body_;
  int interim_ = 0;
  std::uint32_t status_ = 0;
  codec::Framing framing_ = codec::Framing::kNone;
  std::uint64_t left_ = 0;
  codec::ChunkDecoder chunks_;
};

class TcpDialogue final : public ProbeDialogue {
 public:
  explicit TcpDialogue(const ProbeSpec& spec) : say_(spec.send), expected_(spec.expected_text) {}

  std::string Say() override { return std::exchange(say_, {}); }
  std::optional<ProbeResult> Hear(std::string_view bytes) override {
    heard_.append(bytes.substr(0, kMaxBytes - heard_.size()));
    if (heard_.find(expected_) != std::string::npos) return ProbeResult{ProbeVerdict::kOk, "expected text came"};
    if (heard_.size() >= kMaxBytes) return ProbeFailure("the expected text did not come");
    return std::nullopt;
  }
  ProbeResult Ended() override { return ProbeFailure("connection closed before the expected text came"); }

 private:
  std::string say_;
  const std::string expected_;
  std::string heard_;
};

}  // namespace

ProbeResult JudgeStatus(const ProbeSpec& spec, std::uint32_t status) {
  return {spec.Expects(status) ? ProbeVerdict::kOk : ProbeVerdict::kFailed, fmt::format("status {}", status)};
}

std::unique_ptr<ProbeDialogue> MakeProbeDialogue(const ProbeSpec& spec, bool http2) {
  if (spec.kind == ProbeSpec::Kind::kTcp) {
    if (spec.expected_text.empty()) return nullptr;
    return std::make_unique<TcpDialogue>(spec);
  }
  if (http2 || spec.kind == ProbeSpec::Kind::kGrpc) return MakeH2ProbeDialogue(spec);
  return std::make_unique<H1Dialogue>(spec);
}

}  // namespace switchyard::agent::health
