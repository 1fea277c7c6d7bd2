// Writes HTTP/1.1 heads, chunks and trailers into a byte buffer.
//
// What goes in was parsed or made by us, so it holds no CR, LF or NUL; debug builds assert that.
// Thread-safety: pure functions. Cost: appends; the caller's string keeps its capacity. Source: RFC 9112 sections 3, 4, 7.1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/codec/chunk_decoder.h"
#include "agent/codec/head.h"

namespace switchyard::agent::codec {

void AppendRequestLine(std::string& out, std::string_view method, std::string_view path_and_query);
// An empty reason is written as none; the phrase means nothing in HTTP/1.1.
void AppendStatusLine(std::string& out, std::uint16_t status, std::string_view reason);
void AppendHeader(std::string& out, std::string_view name, std::string_view value);
// All of them; the text grows once.
void AppendHeaders(std::string& out, const std::vector<Header>& headers);
void AppendHeader(std::string& out, std::string_view name, std::uint64_t value);
inline void AppendHeadEnd(std::string& out) { out += "\r\n"; }

// Size line of a chunk; the payload and AppendChunkEnd follow. REQUIRES: size > 0.
void AppendChunkStart(std::string& out, std::size_t size);
inline void AppendChunkEnd(std::string& out) { out += "\r\n"; }
// Last chunk, trailers (null: none) and the final empty line.
void AppendLastChunk(std::string& out, const Trailers* trailers);

// `OK` for 200 and so on; empty for a status without a name.
std::string_view ReasonOf(std::uint16_t status);

}  // namespace switchyard::agent::codec
