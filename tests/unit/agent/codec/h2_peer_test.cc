// Goal: our sessions and another implementation's carry whole conversations, in either role.
// Method: a session of ours and one of nghttp2's, joined by two strings of bytes. Random steps: requests, pieces of bodies, windows given back in any
// measure, resets, changes of settings, and bytes that arrive in pieces of any size. In the end everything that was not reset must have arrived
// whole, on both sides, without a complaint of either. The seed is printed and can be given as YARD_SEED.
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "agent/codec/h2_session.h"

namespace switchyard::agent::codec {
namespace {

constexpr std::size_t kRoom = 65'536;

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : random_(seed) {}
  std::size_t Below(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
  bool OneIn(std::size_t count) { return Below(count) == 0; }
  // Mostly short, now and then beyond every window.
  std::string Body() {
    const std::size_t size = Below(4) == 0 ? 0 : OneIn(5) ? Below(300'000) : Below(3000);
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 31 + size);
    return out;
  }

 private:
  std::mt19937 random_;
};

// What one side says on a stream and what it hears.
struct Talk {
  std::string says;
  std::size_t said = 0;
  bool trailers = false;  // it says some
  bool head_said = false;
  bool end_said = false;
  std::map<std::string, std::string> head;
  std::map<std::string, std::string> heard_trailers;
  std::string heard;
  std::size_t unconsumed = 0;
  bool ended = false;
  bool closed = false;
  bool reset = false;  // by either side, so nothing is promised
};

using Talks = std::map<std::int32_t, Talk>;

// --- ours ---

class OurSide;

class OurStream final : public H2Stream {
 public:
  explicit OurStream(OurSide& side) : side_(side) {}
  ~OurStream() override = default;
  void OnFields(H2Fields& fields, bool trailers, bool ends) override;
  void OnData(std::string_view data) override;
  void OnEnd() override { talk().ended = true; }
  void OnDrained() override { blocked = false; }
  void OnSent() override {}
  void OnClosed(H2Error error, Cause fault) override;
  Talk& talk();
  bool blocked = false;

 private:
  OurSide& side_;
};

class OurSide final : public H2Session::Owner {
 public:
  OurSide(H2Session::Side side, const H2Settings& settings) : session(side, *this, settings, {.resets = 1'000'000, .control_frames = 1'000'000}, out) {}
  H2Stream* OnNewStream(StreamId id) override { return (streams[id] = std::make_unique<OurStream>(*this)).get(); }
  void OnGoaway(StreamId, H2Error error) override { EXPECT_EQ(error, H2Error::kNoError); }
  void OnSettings() override {}
  void OnFault(Cause cause) override { ADD_FAILURE() << Describe(cause).name; }

  std::string out;
  std::map<StreamId, std::unique_ptr<OurStream>> streams;
  Talks talks;
  H2Session session;
};

Talk& OurStream::talk() { return side_.talks[id()]; }

void OurStream::OnFields(H2Fields& fields, bool trailers, bool ends) {
  Trailers list;
  fields.ListTo(list);
  auto& into = trailers ? talk().heard_trailers : talk().head;
  for (const auto& [name, value] : list) into[name] = value;
  if (ends) talk().ended = true;
}

void OurStream::OnData(std::string_view data) {
  talk().heard += data;
  talk().unconsumed += data.size();
}

void OurStream::OnClosed(H2Error error, Cause fault) {
  talk().closed = true;
  if (error != H2Error::kNoError) talk().reset = true;
  EXPECT_EQ(fault, Cause::kNone);
}

// --- theirs ---

class TheirSide {
 public:
  explicit TheirSide(bool server) : server_(server) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, OnInvalid);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, 1);
    if (server) {
      nghttp2_session_server_new2(&session, callbacks, this, option);
    } else {
      nghttp2_session_client_new2(&session, callbacks, this, option);
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  ~TheirSide() { nghttp2_session_del(session); }
  TheirSide(const TheirSide&) = delete;
  TheirSide& operator=(const TheirSide&) = delete;

  void Change(std::int32_t id, std::uint32_t value) {
    const nghttp2_settings_entry entry{id, value};
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, &entry, 1);
  }
  // A head; the body follows as the data source lets it.
  std::int32_t Say(std::int32_t id, Talk talk) {
    const nghttp2_nv request[] = {Field(":method", "POST"), Field(":scheme", "http"), Field(":authority", "a"), Field(":path", "/some/path"),
                                  Field("x-same", "same")};
    const nghttp2_nv response[] = {Field(":status", "200"), Field("x-same", "same")};
    nghttp2_data_provider provider{{.ptr = nullptr}, Read};
    if (server_) {
      nghttp2_submit_response(session, id, response, std::size(response), &provider);
    } else {
      id = nghttp2_submit_request(session, nullptr, request, std::size(request), &provider, nullptr);
    }
    talk.head_said = true;
    talks[id] = std::move(talk);
    return id;
  }
  void Consume(std::int32_t id, std::size_t size) {
    talks[id].unconsumed -= size;
    EXPECT_EQ(nghttp2_session_consume(session, id, size), 0);
  }
  void Pump() {
    while (true) {
      const std::uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session, &bytes);
      ASSERT_GE(size, 0);
      if (size == 0) return;
      out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
  }
  void Feed(std::string_view bytes) {
    ASSERT_EQ(nghttp2_session_mem_recv(session, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }

  nghttp2_session* session = nullptr;
  std::string out;
  Talks talks;

 private:
  static nghttp2_nv Field(const char* name, const char* value) {
    const auto bytes = [](const char* text) { return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text)); };
    return {bytes(name), bytes(value), std::strlen(name), std::strlen(value), NGHTTP2_NV_FLAG_NONE};
  }
  static TheirSide& Self(void* user) { return *static_cast<TheirSide*>(user); }
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                      std::size_t value_size, std::uint8_t, void* user) {
    Talk& talk = Self(user).talks[frame->hd.stream_id];
    const std::string text(reinterpret_cast<const char*>(name), name_size);
    auto& into = text == "x-sum" ? talk.heard_trailers : talk.head;
    into[text] = std::string(reinterpret_cast<const char*>(value), value_size);
    return 0;
  }
  static int OnData(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size, void* user) {
    Talk& talk = Self(user).talks[id];
    talk.heard.append(reinterpret_cast<const char*>(data), size);
    talk.unconsumed += size;
    return 0;
  }
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    const bool ends = (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (ends) Self(user).talks[frame->hd.stream_id].ended = true;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      EXPECT_EQ(frame->goaway.error_code, 0u);
    }
    return 0;
  }
  static int OnClose(nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
    Talk& talk = Self(user).talks[id];
    talk.closed = true;
    if (error != 0) talk.reset = true;
    return 0;
  }
  static int OnInvalid(nghttp2_session*, const nghttp2_frame* frame, int error, void*) {
    ADD_FAILURE() << "frame " << int{frame->hd.type} << " is invalid: " << nghttp2_strerror(error);
    return 0;
  }
  static ssize_t Read(nghttp2_session* session, std::int32_t id, std::uint8_t* to, std::size_t most, std::uint32_t* flags, nghttp2_data_source*, void* user) {
    Talk& talk = Self(user).talks[id];
    const std::size_t size = std::min(most, talk.says.size() - talk.said);
    if (size > 0) std::memcpy(to, talk.says.data() + talk.said, size);
    talk.said += size;
    if (talk.said < talk.says.size()) return static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    talk.end_said = true;
    if (talk.trailers) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const nghttp2_nv sum = Field("x-sum", "7");
      nghttp2_submit_trailer(session, id, &sum, 1);
    }
    return static_cast<ssize_t>(size);
  }

  const bool server_;
};

// --- both ---

class Conversation {
 public:
  Conversation(std::uint32_t seed, bool we_serve) : dice_(seed), we_serve_(we_serve), theirs_(!we_serve) {
    H2Settings settings;
    settings.stream_window = dice_.OneIn(2) ? 65'535 : static_cast<std::uint32_t>(500 + dice_.Below(200'000));
    settings.connection_window = static_cast<std::uint32_t>(65'535 + dice_.Below(200'000));
    settings.max_concurrent_streams = 30;
    if (dice_.OneIn(3)) settings.header_table_bytes = static_cast<std::uint32_t>(dice_.Below(8192));
    ours_ = std::make_unique<OurSide>(we_serve ? H2Session::Side::kServer : H2Session::Side::kClient, settings);
  }

  void Run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) Step();
    for (int i = 0; i < 100'000 && !testing::Test::HasFailure(); ++i) {
      bool moved = false;
      for (auto& [id, talk] : ours_->talks) moved |= Talk1(id, kRoom);
      for (auto& [id, talk] : ours_->talks) ConsumeOurs(id, talk.unconsumed);
      if (we_serve_) AnswerAll();
      if (!we_serve_) TheyAnswerAll();
      for (auto& [id, talk] : theirs_.talks) theirs_.Consume(id, talk.unconsumed);
      if (!Carry(1U << 20U) && !moved) break;
    }
    Check();
  }

 private:
  void Step() {
    switch (dice_.Below(9)) {
      case 0:
        if (OpenCount() < 20) Begin();
        return;
      case 1:
      case 2:
        if (OurStream* stream = AnyOfOurs()) Talk1(stream->id(), 1 + dice_.Below(40'000));
        return;
      case 3:
        if (OurStream* stream = AnyOfOurs()) ConsumeOurs(stream->id(), dice_.Below(stream->talk().unconsumed + 1));
        return;
      case 4:
        if (auto at = AnyOf(theirs_.talks); at != theirs_.talks.end()) theirs_.Consume(at->first, dice_.Below(at->second.unconsumed + 1));
        return;
      case 5:
        return we_serve_ ? AnswerAll() : TheyAnswerAll();
      case 6:
        return OneIn(30) ? Disturb() : void();
      default:
        Carry(1 + dice_.Below(30'000));
    }
  }

  bool OneIn(std::size_t count) { return dice_.OneIn(count); }

  std::size_t OpenCount() const {
    std::size_t open = 0;
    for (const auto& [id, talk] : ours_->talks) open += talk.closed ? 0 : 1;
    return open;
  }

  static Talks::iterator At(Talks& talks, std::size_t place) {
    auto at = talks.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(place));
    return at;
  }
  Talks::iterator AnyOf(Talks& talks) {
    return talks.empty() ? talks.end() : At(talks, talks.size() - 1 - dice_.Below(std::min<std::size_t>(talks.size(), 25)));
  }
  OurStream* AnyOfOurs() {
    const auto at = AnyOf(ours_->talks);
    return at == ours_->talks.end() || !ours_->streams.contains(at->first) ? nullptr : ours_->streams[at->first].get();
  }

  Talk NewTalk() {
    Talk talk;
    talk.says = dice_.Body();
    talk.trailers = dice_.OneIn(2);
    return talk;
  }

  void Begin() {
    if (we_serve_) {
      theirs_.Say(0, NewTalk());
      return;
    }
    auto stream = std::make_unique<OurStream>(*ours_);
    const std::vector<Header> headers = {{":method", "POST"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/some/path"}, {"X-Same", "same"}};
    Talk talk = NewTalk();
    talk.head_said = true;
    const bool ends = talk.says.empty() && !talk.trailers;
    talk.end_said = ends;
    ours_->session.Request(*stream, headers, OneIn(2) ? std::optional<std::uint64_t>(talk.says.size()) : std::nullopt, ends);
    ours_->talks[stream->id()] = std::move(talk);
    const StreamId id = stream->id();
    ours_->streams[id] = std::move(stream);
  }

  void AnswerAll() {
    for (auto& [id, talk] : ours_->talks) {
      if (talk.head_said || talk.closed || talk.head.empty()) continue;
      Talk answer = NewTalk();
      talk.says = answer.says;
      talk.trailers = answer.trailers;
      talk.head_said = true;
      talk.end_said = talk.says.empty() && !talk.trailers;
      const std::optional<std::uint64_t> length = OneIn(2) ? std::optional<std::uint64_t>(talk.says.size()) : std::nullopt;
      ours_->session.Respond(*ours_->streams[id], 200, {{"X-Same", "same"}}, length, talk.end_said);
    }
  }

  void TheyAnswerAll() {
    for (auto& [id, talk] : theirs_.talks) {
      if (talk.head_said || talk.closed || talk.head.empty()) continue;
      Talk answer = NewTalk();
      answer.head = talk.head;
      answer.heard = talk.heard;
      answer.heard_trailers = talk.heard_trailers;
      answer.unconsumed = talk.unconsumed;
      answer.ended = talk.ended;
      theirs_.Say(id, answer);
    }
  }

  // The next piece of what we have to say.
  bool Talk1(StreamId id, std::size_t most) {
    Talk& talk = ours_->talks[id];
    const auto found = ours_->streams.find(id);
    if (found == ours_->streams.end() || !talk.head_said || talk.end_said || talk.closed || found->second->blocked) return false;
    const std::string_view piece = std::string_view(talk.says).substr(talk.said, most);
    talk.said += piece.size();
    if (!piece.empty()) found->second->blocked = !ours_->session.Write(*found->second, piece, dice_.Below(kRoom));
    if (talk.said < talk.says.size()) return true;
    const Trailers trailers = {{"x-sum", "7"}};
    ours_->session.End(*found->second, talk.trailers ? &trailers : nullptr);
    talk.end_said = true;
    return true;
  }

  void ConsumeOurs(StreamId id, std::size_t size) {
    ours_->talks[id].unconsumed -= size;
    ours_->session.Consume(id, size);
  }

  void Disturb() {
    switch (dice_.Below(5)) {
      case 0:
        return theirs_.Change(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(500 + dice_.Below(100'000)));
      case 1:
        return theirs_.Change(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, static_cast<std::uint32_t>(dice_.Below(8192)));
      case 2:
        return theirs_.Change(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, static_cast<std::uint32_t>(16'384 + dice_.Below(100'000)));
      case 3:
        if (OurStream* stream = AnyOfOurs(); stream != nullptr && !stream->talk().closed) {
          stream->talk().reset = true;
          theirs_.talks[stream->id()].reset = true;
          ours_->session.Reset(*stream, H2Error::kCancel);
        }
        return;
      default:
        if (auto at = AnyOf(theirs_.talks); at != theirs_.talks.end() && !at->second.closed && at->second.head_said) {
          at->second.reset = true;
          ours_->talks[at->first].reset = true;
          nghttp2_submit_rst_stream(theirs_.session, NGHTTP2_FLAG_NONE, at->first, NGHTTP2_CANCEL);
        }
    }
  }

  // Up to so many bytes each way. False: there were none.
  bool Carry(std::size_t most) {
    ours_->session.Pump(most);
    theirs_.Pump();
    to_them_ += ours_->out;
    ours_->out.clear();
    to_us_ += theirs_.out;
    theirs_.out.clear();
    const std::string them = to_them_.substr(0, most);
    const std::string us = to_us_.substr(0, most);
    to_them_.erase(0, them.size());
    to_us_.erase(0, us.size());
    if (!them.empty()) theirs_.Feed(them);
    EXPECT_EQ(ours_->session.Feed(us, TimePoint() + std::chrono::hours(1)), Cause::kNone);
    return !them.empty() || !us.empty();
  }

  void Check() {
    std::size_t whole = 0;
    for (auto& [id, ours] : ours_->talks) {
      const Talk& theirs = theirs_.talks[id];
      if (ours.reset || theirs.reset) continue;
      ++whole;
      EXPECT_TRUE(ours.ended && theirs.ended) << id;
      EXPECT_TRUE(ours.closed && theirs.closed) << id;
      EXPECT_TRUE(ours.heard == theirs.says) << id << ": " << ours.heard.size() << " of " << theirs.says.size();
      EXPECT_TRUE(theirs.heard == ours.says) << id << ": " << theirs.heard.size() << " of " << ours.says.size();
      EXPECT_EQ(ours.heard_trailers.size(), theirs.trailers ? 1u : 0u) << id;
      EXPECT_EQ(theirs.heard_trailers.size(), ours.trailers ? 1u : 0u) << id;
      EXPECT_EQ(ours.head["x-same"], "same");
      EXPECT_EQ(theirs_.talks[id].head["x-same"], "same");
    }
    EXPECT_GT(whole, 5u);
  }

  Dice dice_;
  const bool we_serve_;
  TheirSide theirs_;
  std::unique_ptr<OurSide> ours_;
  std::string to_them_;
  std::string to_us_;
};

void Converse(bool we_serve) {
  const char* given = std::getenv("YARD_SEED");
  const std::uint32_t first = given != nullptr ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 0)) : std::random_device()();
  for (std::uint32_t seed = first; seed < first + 40 && !testing::Test::HasFailure(); ++seed) {
    Conversation(seed, we_serve).Run(3000);
    if (testing::Test::HasFailure()) std::printf("seed %u\n", seed);
  }
}

TEST(H2Peer, ConversesWithUsAsAServer) { Converse(true); }
TEST(H2Peer, ConversesWithUsAsAClient) { Converse(false); }

}  // namespace
}  // namespace switchyard::agent::codec
