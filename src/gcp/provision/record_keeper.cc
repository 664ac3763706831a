#include "gcp/provision/record_keeper.h"

#include "base/file.h"
#include "gcp/provision/observed.h"
#include "gcp/provision/obstacle.h"
#include "http/client.h"

namespace easel {
namespace {
constexpr int kTries = 8;
constexpr std::size_t kMostBytes = 16 << 20;
}  // namespace

Result<ProvisionRecord> RecordKeeper::ReadLocal(const std::string& file, const ProvisionOptions& options) {
  ProvisionRecord empty{
      .project = options.project, .bucket = options.bucket, .prefix = options.prefix, .entries = {}};
  auto text = ReadFile(file, kMostBytes);
  if (!text && text.error().code == Code::kNotFound) return empty;
  if (!text) return std::unexpected(text.error());
  EASEL_TRY(ProvisionRecord record, ParseRecord(*text, file));
  if (record.project != options.project || record.bucket != options.bucket || record.prefix != options.prefix)
    return Fail(Code::kFailedPrecondition, "RECORD_OF_OTHERS",
                file + " is the record of project " + record.project + ", bucket " + record.bucket +
                    ", prefix " + record.prefix + ". Name another file by --record FILE.");
  return record;
}

Status RecordKeeper::Intend(const std::vector<std::string>& ids) {
  {
    const std::scoped_lock lock(mutex_);
    for (const std::string& id : ids) record_.entries.try_emplace(id, RecordState::kIntended);
  }
  return Save(false);
}

void RecordKeeper::Made(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  record_.entries[id] = RecordState::kMade;
}

void RecordKeeper::Forget(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  record_.entries.erase(id);
}

bool RecordKeeper::Knows(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  return record_.Knows(id);
}

ProvisionRecord RecordKeeper::record() const {
  const std::scoped_lock lock(mutex_);
  return record_;
}

Status RecordKeeper::Save(bool to_bucket) {
  const ProvisionRecord record = this->record();
  const std::string text = RecordText(record) + "\n";
  const auto before = ReadFile(file_, kMostBytes);
  if (!before || *before != text) {
    EASEL_RETURN_IF_ERROR(MakeDirectories(ParentOf(file_)));
    EASEL_RETURN_IF_ERROR(WriteFileAtomically(file_, text, {.sync = true, .mode = 0600}));
  }
  if (!to_bucket || record == saved_) return {};
  return SaveToBucket(record);
}

Status RecordKeeper::SaveToBucket(const ProvisionRecord& record) {
  const std::string bucket = PercentEncode(options_.bucket);
  EASEL_TRY(const json::value body, ParseJson(RecordText(record), "record"));
  for (int attempt = 1;; ++attempt) {
    const auto answer = cloud_.Call({.service = "storage",
                                     .method = "POST",
                                     .path = "/upload/storage/v1/b/" + bucket + "/o",
                                     .query = {{"uploadType", "media"},
                                               {"name", ".easel/provision.json"},
                                               {"ifGenerationMatch", std::to_string(generation_)}},
                                     .body = body});
    if (answer) {
      JsonReader reader(*answer, "object");
      generation_ = std::atoll(reader.StringOr("generation", "0").c_str());
      saved_ = record;
      return {};
    }
    const Error& error = answer.error();
    const bool passing = IsConflict(error) || IsNotYetVisible(error) || MayHaveHappened(error) ||
                         error.code == Code::kResourceExhausted || error.code == Code::kNotFound;
    if (!passing || attempt == kTries)
      return std::unexpected(
          Explain(error, {.resource = "bucket/" + options_.bucket,
                          .doing = "write .easel/provision.json into the bucket " + options_.bucket,
                          .project = options_.project}));
    EASEL_RETURN_IF_ERROR(cloud_.Pause(attempt));
    // Somebody else, or our own lost request, has written: go on from what is there.
    const auto there =
        ReadPatiently(cloud_, {.service = "storage",
                               .method = "GET",
                               .path = "/storage/v1/b/" + bucket + "/o/.easel%2Fprovision.json",
                               .query = {{"fields", "generation"}}});
    if (there) {
      JsonReader reader(*there, "object");
      generation_ = std::atoll(reader.StringOr("generation", "0").c_str());
    } else if (there.error().code == Code::kNotFound) {
      generation_ = 0;
    }
  }
}

}  // namespace easel
