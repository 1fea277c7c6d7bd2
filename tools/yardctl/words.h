// Words: how times, actions, labels and convergence read in yardctl's tables. One place, so that every command says it alike.
//
// Thread-safety: pure functions.
#pragma once

#include <google/protobuf/map.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "switchyard/v1/fleet.pb.h"

namespace switchyard::tools::yardctl {

// `3m12s ago`, `in 23h59m`, `never` for an unset one.
std::string RelativeTime(const google::protobuf::Timestamp& value, WallTime now);
// `2026-01-01 12:00:00Z`; `-` for an unset one.
std::string CivilTime(const google::protobuf::Timestamp& value);
// `a=1,b=2`, sorted.
std::string Labels(const google::protobuf::Map<std::string, std::string>& labels);
// `created`, `updated`, `unchanged`, `deleted`.
std::string_view ActionWord(v1::Change::Action action);
// `2 created, 1 deleted`; `nothing changed`.
std::string ChangeSummary(const google::protobuf::RepeatedPtrField<v1::Change>& changes);
// `text` of others, safe on a terminal: control characters (of C0 and C1, line ends too) become `?`.
std::string Printable(std::string_view text);
// `good`, `soft`, `ejected`, `returning`, `forced out`, `forced in`.
std::string_view VerdictWord(v1::Verdict verdict);
// `open on 3, soft on 1 of 20 agents, route buy: error_rate (edge-1)`.
std::string BreakerText(const v1::BreakerRow& row);
// Lower-case name of a cause, as in the x-switchyard-cause header.
std::string CauseWord(v1::Cause cause);

}  // namespace switchyard::tools::yardctl
