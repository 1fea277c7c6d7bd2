#include "tools/yardctl/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace switchyard::tools::yardctl {
namespace {

std::string Names(const std::vector<VerbInfo>& verbs) {
  std::string out;
  for (const VerbInfo& verb : verbs) out += (out.empty() ? "" : " ") + verb.name;
  return out;
}

// Quotes and colons end a description in zsh and fish.
std::string Plain(std::string text) {
  for (char& c : text)
    if (c == '\'' || c == ':' || c == '\\' || c == '\n') c = ' ';
  return text;
}

std::string Bash(const std::vector<VerbInfo>& verbs) {
  std::string out =
      "# yardctl completion for bash: source <(yardctl completion bash)\n"
      "_yardctl() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb= word\n"
      "  case $prev in\n"
      "    -o|--output) COMPREPLY=($(compgen -W 'table json yaml name' -- \"$cur\")); return;;\n"
      "    -f|--file|--credential) COMPREPLY=($(compgen -f -- \"$cur\")); return;;\n"
      "  esac\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do [[ $word != -* ]] && { verb=$word; break; }; done\n"
      "  case $verb in\n";
  for (const VerbInfo& verb : verbs)
    out += fmt::format("    {}) COMPREPLY=($(compgen -W '{} {}' -- \"$cur\"));;\n", verb.name, fmt::join(verb.words, " "), fmt::join(verb.flags, " "));
  return out + fmt::format("    *) COMPREPLY=($(compgen -W '{}' -- \"$cur\"));;\n  esac\n}}\ncomplete -o default -F _yardctl yardctl\n", Names(verbs));
}

std::string Zsh(const std::vector<VerbInfo>& verbs) {
  std::string out =
      "#compdef yardctl\n"
      "# yardctl completion for zsh: source <(yardctl completion zsh)\n"
      "_yardctl() {\n"
      "  local -a verbs\n"
      "  verbs=(\n";
  for (const VerbInfo& verb : verbs) out += fmt::format("    '{}:{}'\n", verb.name, Plain(verb.help));
  out += "  )\n"
         "  if (( CURRENT == 2 )); then _describe verb verbs; return; fi\n"
         "  case ${words[CURRENT-1]} in\n"
         "    -o|--output) compadd table json yaml name; return;;\n"
         "    -f|--file|--credential) _files; return;;\n"
         "  esac\n"
         "  case ${words[2]} in\n";
  for (const VerbInfo& verb : verbs)
    out += fmt::format("    {}) compadd -- {} {};;\n", verb.name, fmt::join(verb.words, " "), fmt::join(verb.flags, " "));
  return out + "  esac\n}\ncompdef _yardctl yardctl\n";
}

std::string Fish(const std::vector<VerbInfo>& verbs) {
  std::string out = "# yardctl completion for fish: yardctl completion fish | source\ncomplete -c yardctl -f\n";
  for (const VerbInfo& verb : verbs) {
    out += fmt::format("complete -c yardctl -n __fish_use_subcommand -a {} -d '{}'\n", verb.name, Plain(verb.help));
    const std::string seen = fmt::format("'__fish_seen_subcommand_from {}'", verb.name);
    if (!verb.words.empty()) out += fmt::format("complete -c yardctl -n {} -a '{}'\n", seen, fmt::join(verb.words, " "));
    for (const std::string& flag : verb.flags) {
      const bool takes_file = flag == "--file" || flag == "--credential";
      if (flag.starts_with("--")) out += fmt::format("complete -c yardctl -n {} -l {}{}\n", seen, flag.substr(2), takes_file ? " -r -F" : "");
    }
  }
  return out + "complete -c yardctl -s o -l output -x -a 'table json yaml name'\n";
}

}  // namespace

std::string CompletionScript(std::string_view shell, const std::vector<VerbInfo>& verbs) {
  if (shell == "bash") return Bash(verbs);
  if (shell == "zsh") return Zsh(verbs);
  if (shell == "fish") return Fish(verbs);
  return {};
}

}  // namespace switchyard::tools::yardctl
