// What `easel gcp apply` made, or was about to make: kept so that `destroy` removes that and nothing else.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace easel {

/// `kIntended`: recorded before the request that makes it; `kMade`: known to be ours. What has no entry was there before.
enum class RecordState { kIntended, kMade };

/// The entries by id: resources as in desired.h ("bucket/x"), grants as "grant/POLICY#ROLE#MEMBER", settings as "cors/BUCKET".
struct ProvisionRecord {
  std::string project, bucket, prefix;
  std::map<std::string, RecordState, std::less<>> entries;

  bool Knows(std::string_view id) const { return entries.contains(id); }
  bool operator==(const ProvisionRecord&) const = default;
};

std::string GrantId(std::string_view policy, std::string_view role, std::string_view member);

/// The entries of both; made wins over intended.
ProvisionRecord Joined(ProvisionRecord a, const ProvisionRecord& b);

/// The document `.easel/provision.json` of the bucket, and of the local file.
std::string RecordText(const ProvisionRecord& record);

/// Errors: kInvalidArgument RECORD_INVALID; kFailedPrecondition RECORD_NEWER; kFailedPrecondition RECORD_OF_OTHERS is the caller's to find.
Result<ProvisionRecord> ParseRecord(std::string_view text, const std::string& where);

}  // namespace easel
