// Goal: a line is one object of JSON, whatever the request held, and shows no credential. Method: entries by hand, lines compared whole.
#include "agent/access_log/line_text.h"

#include <gtest/gtest.h>

#include "common/base/random.h"

namespace switchyard::agent::access_log {
namespace {

std::string Line(const Entry& entry, const Terms& terms = {}) {
  std::string out;
  AppendLine(out, entry, terms, "T");
  return out;
}

Terms Chosen(const std::vector<std::string>& names, const std::vector<std::string>& redacted = {}) {
  v1::AccessLog log;
  for (const std::string& name : names) log.add_request_headers(name);
  for (const std::string& name : redacted) log.add_redacted_headers(name);
  return TermsOf(log);
}

std::string HeadersOf(const Terms& terms, const std::vector<codec::Header>& headers) {
  std::string out;
  AppendChosen(out, terms.request_headers, headers);
  return out;
}

TEST(AccessLine, HoldsEverythingThatIsKnown) {
  Entry entry{.id = "i-1", .client = "10.0.0.1", .listener = "web", .route = "all", .upstream = "app", .backend = "10.0.0.2:80", .method = "GET",
              .host = "example.com", .path = "/a", .protocol = "HTTP/2", .status = 200, .grpc_status = 5, .cause = Cause::kIdleTimeout};
  entry.bytes_in = 3;
  entry.bytes_out = 40;
  entry.took = std::chrono::microseconds(12'345);
  entry.upstream_took = std::chrono::microseconds(7);
  entry.attempts = 2;
  EXPECT_EQ(Line(entry),
            R"({"time":"T","id":"i-1","client":"10.0.0.1","listener":"web","route":"all","upstream":"app","backend":"10.0.0.2:80","method":"GET",)"
            R"("host":"example.com","path":"/a","protocol":"HTTP/2","status":200,"grpc_status":5,"cause":"idle_timeout","bytes_in":3,"bytes_out":40,)"
            R"("duration_ms":12.345,"upstream_ms":0.007,"attempts":2})"
            "\n");
}

TEST(AccessLine, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(Line({.client = "::1", .listener = "db", .protocol = "TCP"}),
            R"({"time":"T","client":"::1","listener":"db","protocol":"TCP","bytes_in":0,"bytes_out":0,"duration_ms":0.000,"attempts":0})"
            "\n");
}

TEST(AccessLine, ShowsOfAQueryOnlyThatItWasThere) {
  const Entry entry{.path = "/a", .query = "?token=secret"};
  EXPECT_NE(Line(entry).find(R"("path":"/a?",)"), std::string::npos) << Line(entry);
  Terms terms;
  terms.query = true;
  EXPECT_NE(Line(entry, terms).find(R"("path":"/a?token=secret",)"), std::string::npos) << Line(entry, terms);
}

TEST(AccessLine, CutsWhatIsLong) {
  const std::string path(5000, 'p');
  const std::string host(5000, 'h');
  const std::string line = Line({.host = host, .path = path});
  EXPECT_NE(line.find("\"" + std::string(kMaxPath, 'p') + "\""), std::string::npos);
  EXPECT_NE(line.find("\"" + std::string(kMaxValue, 'h') + "\""), std::string::npos);
}

TEST(AccessLine, IsOneLineWhateverTheRequestHeld) {
  const std::string line = Line({.method = "GET\n", .host = "a\"b\\c", .path = "/\x01\xff"});
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_NE(line.find(R"("method":"GET\n","host":"a\"b\\c","path":"/\u0001)"), std::string::npos) << line;
}

TEST(AccessLine, ChosenHeadersAreFoundInAnyCaseAndJoined) {
  const Terms terms = Chosen({"User-Agent", "X-Many", "X-Absent", "user-agent"});
  EXPECT_EQ(HeadersOf(terms, {{"USER-AGENT", "curl"}, {"x-many", "1"}, {"Other", "o"}, {"X-Many", "2"}}), R"("user-agent":"curl","x-many":"1,2")");
}

TEST(AccessLine, HeaderValuesAreCutTogether) {
  const std::string half(200, 'v');
  const std::string text = HeadersOf(Chosen({"x"}), {{"x", half}, {"x", half}, {"x", half}});
  EXPECT_EQ(std::count(text.begin(), text.end(), 'v'), static_cast<std::ptrdiff_t>(kMaxValue));
}

TEST(AccessLine, CredentialsAndRedactedHeadersAreNamedAndNotShown) {
  const Terms terms = Chosen({"authorization", "Cookie", "x-api-key", "accept"}, {"X-API-Key"});
  const std::string text = HeadersOf(terms, {{"Authorization", "Bearer s3cret"},
                                             {"cookie", "a=s3cret"}, {"cookie", "b=s3cret"}, {"X-Api-Key", "s3cret"}, {"Accept", "*/*"}});
  EXPECT_EQ(text, R"-("authorization":"(redacted)","cookie":"(redacted)","x-api-key":"(redacted)","accept":"*/*")-");
}

TEST(AccessLine, HeadersThatAreNotThereMakeNoKey) {
  const Terms terms = Chosen({"x-absent"});
  const std::vector<codec::Header> headers = {{"accept", "*/*"}};
  EXPECT_EQ(Line({.request_headers = &headers}, terms).find("request_headers"), std::string::npos);
}

TEST(AccessLine, TermsTakeDefaultsAndBounds) {
  const Terms none = TermsOf({});
  EXPECT_EQ(none.share, 1);
  EXPECT_EQ(none.slow, Duration::max());
  v1::AccessLog log;
  log.set_percent(12.5);
  log.mutable_slow()->set_seconds(2);
  EXPECT_EQ(TermsOf(log).share, 0.125);
  EXPECT_EQ(TermsOf(log).slow, std::chrono::seconds(2));
  log.set_percent(400);
  for (int i = 0; i < 40; ++i) log.add_request_headers("x-" + std::to_string(i));
  EXPECT_EQ(TermsOf(log).share, 1);
  EXPECT_EQ(TermsOf(log).request_headers.size(), 16U);
}

TEST(AccessStamp, IsUtcWithMilliseconds) {
  Stamp stamp;
  const WallTime at{std::chrono::milliseconds(1'767'225'599'007)};
  EXPECT_EQ(stamp.Of(at), "2025-12-31T23:59:59.007Z");
  EXPECT_EQ(stamp.Of(at + std::chrono::milliseconds(992)), "2025-12-31T23:59:59.999Z");
  EXPECT_EQ(stamp.Of(at + std::chrono::milliseconds(993)), "2026-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace switchyard::agent::access_log
