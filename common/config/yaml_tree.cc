#include "common/config/yaml_tree.h"

#include <exception>
#include <istream>
#include <streambuf>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "common/config/yaml_codec.h"

namespace switchyard::config {
namespace {

// Thrown through the parser to stop it, and caught in Next.
// A single `:` is a map, its key and its value; no character makes more. The parser itself goes round in circles on some texts, such as one that
// begins with a comma, and makes empty documents for ever.
constexpr std::size_t kNodesPerByte = 4;

struct Refused : std::exception {
  explicit Refused(YamlError e) : error(std::move(e)) {}
  YamlError error;
};

SourcePosition At(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::uint32_t>(mark.line) + 1, static_cast<std::uint32_t>(mark.column) + 1};
}

// A stream over bytes that live elsewhere.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // std::streambuf reads only, but has no const form
    setg(begin, begin, begin + text.size());
  }
};

// Turns the parser's events into nodes.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(YamlTree& tree, std::size_t nodes_before, std::size_t most) : nodes_(tree.nodes()), before_(nodes_before), most_(most) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { Add(YamlNode::Kind::kNull, mark, "?", anchor); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    nodes_[Add(YamlNode::Kind::kScalar, mark, tag, anchor)].text = value;
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto target = anchors_.find(anchor);
    if (target == anchors_.end()) throw Refused({At(mark), "the alias names no anchor of this document"});
    for (const Open& open : open_) {
      if (open.node == target->second) throw Refused({At(mark), "the alias stands within its own anchor, so its value would be endless"});
    }
    nodes_[Add(YamlNode::Kind::kAlias, mark, "?", 0)].first = target->second;
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    Enter(YamlNode::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    Enter(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  struct Open {
    std::uint32_t node;
    std::uint32_t last_child;
  };

  void Enter(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (open_.size() >= kMaxDepth) throw Refused({At(mark), fmt::format("is nested deeper than {} levels", kMaxDepth)});
    open_.push_back({Add(kind, mark, tag, anchor), YamlNode::kNone});
  }

  std::uint32_t Add(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (before_ + nodes_.size() >= most_) throw Refused({At(mark), "is not YAML: it makes more values than it has characters"});
    if (before_ + nodes_.size() >= kMaxNodes) throw Refused({At(mark), fmt::format("has more than {} values; split the file", kMaxNodes)});
    const auto index = static_cast<std::uint32_t>(nodes_.size());
    YamlNode& node = nodes_.emplace_back();
    node.kind = kind;
    node.position = At(mark);
    // The parser's tags: "?" or nothing for plain, "!" for quoted; all else was written out.
    node.quoted = tag == "!";
    node.tagged = !tag.empty() && tag != "?" && tag != "!";
    if (anchor != 0) anchors_[anchor] = index;
    if (!open_.empty()) Link(index);
    return index;
  }

  void Link(std::uint32_t index) {
    Open& parent = open_.back();
    (parent.last_child == YamlNode::kNone ? nodes_[parent.node].first : nodes_[parent.last_child].next) = index;
    parent.last_child = index;
  }

  std::vector<YamlNode>& nodes_;
  std::size_t before_;
  std::size_t most_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, std::uint32_t> anchors_;
};

}  // namespace

struct YamlDocuments::State {
  explicit State(std::string_view text) : most_nodes(text.size() * kNodesPerByte + kNodesPerByte), buffer(text), stream(&buffer) {}
  std::size_t most_nodes;
  ViewBuffer buffer;
  std::istream stream;
  YAML::Parser parser;
  bool loaded = false;
};

YamlDocuments::YamlDocuments(std::string_view text) : state_(std::make_unique<State>(text)) {}
YamlDocuments::~YamlDocuments() = default;

bool YamlDocuments::Next(YamlTree& tree) {
  if (error_.has_value()) return false;
  tree.nodes().clear();
  try {
    if (!std::exchange(state_->loaded, true)) state_->parser.Load(state_->stream);
    TreeBuilder builder(tree, nodes_, state_->most_nodes);
    if (!state_->parser.HandleNextDocument(builder)) return false;
    if (tree.size() == 0) tree.nodes().emplace_back();
    nodes_ += tree.size();
    return true;
  } catch (const Refused& refused) {
    error_ = refused.error;
  } catch (const YAML::Exception& bad) {
    error_ = YamlError{At(bad.mark), fmt::format("is not valid YAML: {}", bad.msg)};
  } catch (const std::exception& bad) {
    error_ = YamlError{{}, fmt::format("cannot be read as YAML: {}", bad.what())};
  }
  return false;
}

}  // namespace switchyard::config
