#include "cli/journal_text.h"

namespace easel {
namespace {

constexpr std::size_t kRecordText = 1 << 20;

/// The object in a record's payload; empty if the bytes are something else.
json::object ObjectIn(const JournalRecord& record) {
  auto parsed = ParseJson(record.payload, "journal");
  return parsed && parsed->is_object() ? std::move(parsed->get_object()) : json::object();
}

bool IsText(JournalStream stream) {
  return stream == JournalStream::kStdout || stream == JournalStream::kStderr;
}

}  // namespace

std::string_view JournalStreamName(JournalStream stream) {
  switch (stream) {
    case JournalStream::kStdout: return "stdout";
    case JournalStream::kStderr: return "stderr";
    case JournalStream::kDisplay: return "display";
    case JournalStream::kError: return "error";
    case JournalStream::kNotice: return "notice";
    case JournalStream::kEnd: return "end";
  }
  return "unknown";
}

std::string JournalText::Stream(JournalStream stream, std::string_view chunk) {
  std::string out;
  if (stream != current_) out = Finish();
  current_ = stream;
  return out + SafeText(terminal_, lines_.Add(chunk));
}

std::string JournalText::Finish() {
  std::string rest = SafeText(terminal_, lines_.Flush());
  if (!rest.empty()) rest += '\n';
  return rest;
}

std::string JournalText::Add(const JournalRecord& record) {
  if (IsText(record.stream)) return Stream(record.stream, record.payload);
  std::string out = Finish();
  const json::object body = ObjectIn(record);
  switch (record.stream) {
    case JournalStream::kDisplay:
      if (const json::value* data = body.if_contains("data"); data != nullptr && data->is_object())
        out += RenderDisplay(terminal_, data->get_object(), place_);
      break;
    case JournalStream::kError: out += RenderError(terminal_, body); break;
    case JournalStream::kNotice: out += RenderNotice(terminal_, body); break;
    case JournalStream::kEnd: ended_ = true; break;
    default: break;
  }
  return out;
}

Status ReadJournalAsJson(const std::string& path, json::array& records) {
  EASEL_TRY(JournalReader reader, JournalReader::Open(path));
  std::string text;
  JournalStream stream = JournalStream::kStdout;
  std::int64_t time_us = 0;
  const auto flush = [&] {
    if (!text.empty())
      records.push_back(json::object{
          {"stream", JournalStreamName(stream)}, {"text", ValidUtf8(text)}, {"time_us", time_us}});
    text.clear();
  };
  for (;;) {
    EASEL_TRY(const auto record, reader.Next());
    if (!record) break;
    if (IsText(record->stream)) {
      if (record->stream != stream || text.size() > kRecordText) flush();
      if (text.empty()) time_us = record->unix_us;
      stream = record->stream;
      text += record->payload;
      continue;
    }
    flush();
    json::object body = ObjectIn(*record);
    body["stream"] = JournalStreamName(record->stream);
    body["time_us"] = record->unix_us;
    records.push_back(std::move(body));
  }
  flush();
  return {};
}

}  // namespace easel
