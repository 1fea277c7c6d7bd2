// Shell completion: scripts for bash, zsh and fish made from the very list of verbs and flags that the parser has.
//
// Thread-safety: pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace switchyard::tools::yardctl {

struct VerbInfo {
  std::string name;
  std::string help;
  std::vector<std::string> flags;   // with their dashes, global ones included
  std::vector<std::string> words;   // sub-verbs, kinds, shells: what the first argument may be
};

// Empty for an unknown shell.
std::string CompletionScript(std::string_view shell, const std::vector<VerbInfo>& verbs);

}  // namespace switchyard::tools::yardctl
