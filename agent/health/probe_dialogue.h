// ProbeDialogue: what is said on the connection of one probe, as a machine without a socket: what to send, what came, and what it means.
//
// Kinds: a GET over HTTP/1.1 or HTTP/2, a gRPC health check, words over TCP. HTTP is read as strictly as requests read it, so a backend whose
// answers no client would get does not count as healthy.
//
// Thread-safety: one owner. Cost: linear in what is heard. Bounds: kMaxInterim; kMaxBytes are looked at, beyond them what is missing is not there.
// Errors: a failed result with a reason for people. Pure: the bytes may come in any pieces.
// Source: gRPC Health Checking Protocol (grpc.health.v1), gRPC over HTTP/2 (length-prefixed messages, grpc-status).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/health/probe.h"

namespace switchyard::agent::health {

class ProbeDialogue {
 public:
  static constexpr std::size_t kMaxBytes = 64 * 1024;
  // Interim responses before the final one; a backend that sends more is answering nobody.
  static constexpr int kMaxInterim = 16;

  virtual ~ProbeDialogue() = default;
  // What is to be sent next; empty: nothing now. Each byte is given once.
  virtual std::string Say() = 0;
  // What came. A result ends the dialogue.
  virtual std::optional<ProbeResult> Hear(std::string_view bytes) = 0;
  // The backend has ended the connection.
  virtual ProbeResult Ended() = 0;
};

// `http2`: what the connection speaks. Null: nothing is to be said, being connected is the whole probe.
std::unique_ptr<ProbeDialogue> MakeProbeDialogue(const ProbeSpec& spec, bool http2);

// For those who make dialogues.
inline constexpr std::string_view kTooManyInterim = "too many interim responses";
inline ProbeResult ProbeFailure(std::string reason) { return {ProbeVerdict::kFailed, std::move(reason)}; }
// The answer to a GET, its body aside.
ProbeResult JudgeStatus(const ProbeSpec& spec, std::uint32_t status);
// Over HTTP/2: see h2_probe_dialogue.cc.
std::unique_ptr<ProbeDialogue> MakeH2ProbeDialogue(const ProbeSpec& spec);

}  // namespace switchyard::agent::health
