#include "metadata/metadata_document.h"

#include <algorithm>

#include "base/digest.h"

namespace easel {
namespace {

/// One component of a path that stays where it is put.
bool IsSafeName(std::string_view name) {
  return !name.empty() && name.size() <= 200 && name.front() != '.' && std::ranges::all_of(name, [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '/' && c != 0x7f;
  });
}

bool IsSafeAttempt(std::string_view attempt) {
  const auto slash = attempt.find('/');
  return slash != std::string_view::npos && IsSafeName(attempt.substr(0, slash)) &&
         IsSafeName(attempt.substr(slash + 1)) && attempt.substr(slash).find('.') != std::string_view::npos;
}

MetadataDocument::Run ReadRun(JsonReader& in) {
  MetadataDocument::Run out{.run = {.run = in.String("run"),
                                    .mode = in.String("mode"),
                                    .request = in.String("request"),
                                    .created_ms = in.Int("created_ms"),
                                    .finished_ms = in.Int("finished_ms"),
                                    .status = in.String("status"),
                                    .summary = in.String("summary"),
                                    .at = in.StringOr("at", "")},
                            .through = in.Int("through")};
  if (in.ok() && !IsSafeName(out.run.run)) in.Reject("run", "not usable as a name");
  if (in.ok() && out.run.finished_ms <= 0) in.Reject("finished_ms", "a run that has not ended");
  return out;
}

AttemptRecord ReadAttempt(JsonReader& in) {
  AttemptRecord out{.attempt = in.String("attempt"),
                    .run = in.String("run"),
                    .block = in.String("block"),
                    .epoch = in.Int("epoch"),
                    .base_key = in.String("base_key"),
                    .inputs = in.String("inputs"),
                    .key = in.String("key"),
                    .manifest = in.StringOr("manifest", ""),
                    .failure = in.StringOr("failure", ""),
                    .started_ms = in.Int("started_ms"),
                    .finished_ms = in.Int("finished_ms"),
                    .at = in.StringOr("at", "")};
  const std::string status = in.String("status");
  if (!in.ok()) return out;
  for (int i = 2; i <= 6; ++i)
    if (AttemptStatusName(static_cast<AttemptStatus>(i)) == status)
      out.status = static_cast<AttemptStatus>(i);
  const bool good = out.status == AttemptStatus::kSucceeded;
  if (out.status == AttemptStatus::kQueued)
    in.Reject("status", "not the status of an attempt that has ended");
  if (!IsSafeAttempt(out.attempt)) in.Reject("attempt", "not the id of an attempt");
  if (good ? !IsDigest(out.manifest) : !out.manifest.empty())
    in.Reject("manifest", "not a digest, or one too many");
  return out;
}

BlockRecord ReadBlock(JsonReader& in) {
  BlockRecord out{.block = in.String("block"),
                  .epoch = in.Int("epoch"),
                  .published_attempt = in.StringOr("published_attempt", ""),
                  .published_manifest = in.StringOr("published_manifest", ""),
                  .published_base_key = in.StringOr("published_base_key", ""),
                  .published_inputs = in.StringOr("published_inputs", ""),
                  .published_ms = in.IntOr("published_ms", 0),
                  .last_status = in.StringOr("last_status", ""),
                  .last_reason = in.StringOr("last_reason", "")};
  if (!in.ok() || (out.published_attempt.empty() && out.published_manifest.empty())) return out;
  if (!IsSafeAttempt(out.published_attempt)) in.Reject("published_attempt", "not the id of an attempt");
  if (!IsDigest(out.published_manifest)) in.Reject("published_manifest", "not a digest");
  return out;
}

MetadataDocument::Publication ReadPublication(JsonReader& in) {
  MetadataDocument::Publication out{.aside = in.StringOr("aside", ""),
                                    .result = {.block = in.String("block"),
                                               .attempt = in.String("attempt"),
                                               .manifest = in.String("manifest"),
                                               .published_ms = in.Int("published_ms")}};
  if (!in.ok()) return out;
  if (!IsSafeAttempt(out.result.attempt)) in.Reject("attempt", "not the id of an attempt");
  if (!IsDigest(out.result.manifest)) in.Reject("manifest", "not a digest");
  return out;
}

/// All of a list, each read by `read`.
template <typename Record>
Status ReadList(JsonReader& reader, std::string_view field, Record (*read)(JsonReader&),
                std::vector<Record>& out) {
  const json::array* list = reader.ArrayOr(field);
  EASEL_RETURN_IF_ERROR(reader.status());
  if (list == nullptr) return {};
  out.reserve(list->size());
  for (const json::value& item : *list) {
    JsonReader in(item, reader.Where(field) + "[" + std::to_string(out.size()) + "]");
    out.push_back(read(in));
    EASEL_RETURN_IF_ERROR(in.status());
  }
  return {};
}

}  // namespace

MetadataDocument WhatHasEnded(MetadataDocument document) {
  std::erase_if(document.runs, [](const auto& run) { return run.run.finished_ms == 0; });
  std::erase_if(document.attempts, [](const AttemptRecord& attempt) {
    return attempt.status == AttemptStatus::kQueued || attempt.status == AttemptStatus::kRunning;
  });
  return document;
}

json::object ToJson(const MetadataDocument& document) {
  json::array runs, attempts, blocks, publications, renames;
  for (const auto& [run, through] : document.runs)
    runs.push_back(json::object{{"run", run.run},
                                {"mode", run.mode},
                                {"request", run.request},
                                {"created_ms", run.created_ms},
                                {"finished_ms", run.finished_ms},
                                {"status", run.status},
                                {"summary", run.summary},
                                {"at", run.at},
                                {"through", through}});
  for (const AttemptRecord& attempt : document.attempts)
    attempts.push_back(json::object{{"attempt", attempt.attempt},
                                    {"run", attempt.run},
                                    {"block", attempt.block},
                                    {"epoch", attempt.epoch},
                                    {"status", AttemptStatusName(attempt.status)},
                                    {"base_key", attempt.base_key},
                                    {"inputs", attempt.inputs},
                                    {"key", attempt.key},
                                    {"manifest", attempt.manifest},
                                    {"failure", attempt.failure},
                                    {"started_ms", attempt.started_ms},
                                    {"finished_ms", attempt.finished_ms},
                                    {"at", attempt.at}});
  for (const BlockRecord& block : document.blocks)
    blocks.push_back(json::object{{"block", block.block},
                                  {"epoch", block.epoch},
                                  {"published_attempt", block.published_attempt},
                                  {"published_manifest", block.published_manifest},
                                  {"published_base_key", block.published_base_key},
                                  {"published_inputs", block.published_inputs},
                                  {"published_ms", block.published_ms},
                                  {"last_status", block.last_status},
                                  {"last_reason", block.last_reason}});
  for (const auto& [aside, result] : document.publications)
    publications.push_back(json::object{{"aside", aside},
                                        {"block", result.block},
                                        {"attempt", result.attempt},
                                        {"manifest", result.manifest},
                                        {"published_ms", result.published_ms}});
  for (const auto& names : document.renames) {
    json::object step;
    for (const auto& [from, to] : names) step[from] = to;
    renames.push_back(std::move(step));
  }
  return {{"runs", std::move(runs)},
          {"attempts", std::move(attempts)},
          {"blocks", std::move(blocks)},
          {"publications", std::move(publications)},
          {"renames", std::move(renames)}};
}

Result<MetadataDocument> ReadMetadataDocument(const json::value& value, const std::string& where) {
  JsonReader reader(value, where);
  MetadataDocument out;
  EASEL_RETURN_IF_ERROR(ReadList(reader, "runs", ReadRun, out.runs));
  EASEL_RETURN_IF_ERROR(ReadList(reader, "attempts", ReadAttempt, out.attempts));
  EASEL_RETURN_IF_ERROR(ReadList(reader, "blocks", ReadBlock, out.blocks));
  EASEL_RETURN_IF_ERROR(ReadList(reader, "publications", ReadPublication, out.publications));
  for (const auto& [run, through] : out.runs)
    if (through < 0 || through > std::ssize(out.publications))
      reader.Reject("runs", "run " + run.run + " saw publications that are not there");
  const auto by_name = [](const BlockRecord& a, const BlockRecord& b) { return a.block < b.block; };
  if (!std::ranges::is_sorted(out.blocks, by_name) ||
      std::ranges::adjacent_find(out.blocks, {}, &BlockRecord::block) != out.blocks.end())
    reader.Reject("blocks", "not each once, by name");
  if (const json::array* renames = reader.ArrayOr("renames"))
    for (const json::value& step : *renames) {
      const json::object* names = step.if_object();
      if (names == nullptr) reader.Reject("renames", "expected objects");
      MetadataDocument::Names& read = out.renames.emplace_back();
      for (std::size_t i = 0; names != nullptr && i < names->size(); ++i) {
        const auto& [from, to] = *(names->begin() + i);
        if (!to.is_string()) reader.Reject("renames", "expected names");
        if (to.is_string()) read.emplace(from, to.get_string());
      }
    }
  EASEL_RETURN_IF_ERROR(reader.status());
  return out;
}

}  // namespace easel
