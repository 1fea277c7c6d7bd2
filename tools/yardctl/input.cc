#include "tools/yardctl/input.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

#include "common/config/resource_key.h"

namespace switchyard::tools::yardctl {
namespace {

namespace fs = std::filesystem;

absl::Status CannotRead(const std::string& path, const std::error_code& error) {
  const std::string text = fmt::format("cannot read {}: {}", path, error.message());
  return error == std::errc::permission_denied ? absl::PermissionDeniedError(text) : absl::NotFoundError(text);
}

bool IsConfigFile(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

// The files of a directory, in order of name.
absl::StatusOr<std::vector<std::string>> FilesOf(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> files;
  fs::directory_iterator it(directory, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    std::error_code ignored;
    if (!IsConfigFile(it->path()) || !it->is_regular_file(ignored)) continue;
    if (files.size() == Input::kMaxFiles) return absl::ResourceExhaustedError(fmt::format("{}: more than {} files", directory, Input::kMaxFiles));
    files.push_back(it->path().string());
  }
  if (error) return CannotRead(directory, error);
  if (files.empty()) return absl::NotFoundError(fmt::format("{}: no *.yaml, *.yml or *.json in it", directory));
  std::sort(files.begin(), files.end());
  return files;
}

absl::Status Append(std::istream& stream, const std::string& name, std::size_t& budget, std::string& text) {
  std::vector<char> block(1 << 16);
  while (stream.read(block.data(), static_cast<std::streamsize>(block.size())) || stream.gcount() > 0) {
    const auto size = static_cast<std::size_t>(stream.gcount());
    if (size > budget) return absl::ResourceExhaustedError(fmt::format("{}: more than {} MiB of input", name, Input::kMaxBytes >> 20));
    budget -= size;
    text.append(block.data(), size);
  }
  return stream.bad() ? absl::NotFoundError(fmt::format("cannot read {}", name)) : absl::OkStatus();
}

absl::StatusOr<std::string> ReadFile(const std::string& path, std::size_t& budget) {
  std::string text;
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return CannotRead(path, std::error_code(errno, std::generic_category()));
  if (absl::Status status = Append(file, path, budget, text); !status.ok()) return status;
  return text;
}

}  // namespace

void Input::Parse(const std::string& text, const std::string& name, config::ViolationList& violations) {
  config::ParsedResources parsed = config::ParseResources(text, name, violations);
  positions_.push_back(std::move(parsed.positions));
  std::move(parsed.resources.begin(), parsed.resources.end(), std::back_inserter(resources_));
}

absl::StatusOr<Input> Input::Read(const std::vector<std::string>& paths, std::istream& standard_input, config::ViolationList& violations) {
  std::vector<std::string> names;
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (path == "-" || !fs::is_directory(path, ignored)) {
      names.push_back(path);
      continue;
    }
    absl::StatusOr<std::vector<std::string>> files = FilesOf(path);
    if (!files.ok()) return files.status();
    names.insert(names.end(), files->begin(), files->end());
  }
  Input input;
  std::size_t budget = kMaxBytes;
  std::set<std::pair<v1::Kind, std::string>> seen;
  for (const std::string& name : names) {
    std::string text;
    if (name == "-") {
      if (absl::Status status = Append(standard_input, "standard input", budget, text); !status.ok()) return status;
    } else {
      absl::StatusOr<std::string> file = ReadFile(name, budget);
      if (!file.ok()) return file.status();
      text = *std::move(file);
    }
    const std::size_t before = input.resources_.size();
    input.Parse(text, name == "-" ? "<stdin>" : name, violations);
    // Duplicates within one file are the parser's to find; here those across files.
    std::set<std::pair<v1::Kind, std::string>> here;
    for (std::size_t i = before; i < input.resources_.size(); ++i) {
      const v1::ResourceKey key = config::KeyOf(input.resources_[i]);
      here.emplace(key.kind(), key.name());
      if (seen.contains({key.kind(), key.name()})) violations.Add(key, "name", fmt::format("{} gives it again; an earlier file has it already", name));
    }
    seen.merge(here);
  }
  return input;
}

void Input::Locate(v1::Violation& violation) const {
  if (!violation.file().empty()) return;
  // The last file first: of two that give the same resource it is the later that is at fault.
  for (auto it = positions_.rbegin(); it != positions_.rend() && violation.file().empty(); ++it) config::Locate(violation, *it);
}

}  // namespace switchyard::tools::yardctl
