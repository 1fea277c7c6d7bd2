// What names, labels, hosts, paths, methods and header fields may look like.
//
// Each function gives an empty text when all is well, else what is wrong and what was expected.
// Sources: resource.proto for names and labels; RFC 9110 section 5.6.2 for tokens; RFC 9112 section 3.2 and RFC 3986 section 3.3 for paths.
// Thread-safety: pure functions. Cost: one pass over the text.
#pragma once

#include <string>
#include <string_view>

namespace switchyard::controlplane::validation {

// A resource or node name: 1-63 lower-case letters, digits, `-` and `.`; starts and ends with a letter or digit.
std::string NameProblem(std::string_view name);
std::string LabelKeyProblem(std::string_view key);
std::string LabelValueProblem(std::string_view value);
// A host of a route: a name, an IP literal (IPv6 in brackets) or `*.` and a name.
std::string HostProblem(std::string_view host);
// A path that requests can have: starts with `/`, visible ASCII without `?` and `#`, no `.` and `..` segments, no `%2f`, `%5c` and `%00`
// (requests with these are refused before routing, so that a route for them could never match).
std::string PathProblem(std::string_view path);
// A method in upper case.
std::string MethodProblem(std::string_view method);
// `what` is for the complaint: `field name`, `pseudonym`.
std::string TokenProblem(std::string_view token, std::string_view what);
// A field value or a part of it: no control characters (tab aside), no space or tab at its ends.
std::string HeaderValueProblem(std::string_view value);
// Free text on one line: valid UTF-8 without control characters.
std::string LineProblem(std::string_view text);

}  // namespace switchyard::controlplane::validation
