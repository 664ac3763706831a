#include "blob/fake_object_store.h"

#include "base/file.h"
#include "blob/crc32c.h"
#include "blob/listing.h"

namespace easel {

Status FakeObjectStore::Enter(const CallContext& context, std::string_view call, std::string_view key) const {
  if (context.stop.stop_requested())
    return Fail(Code::kCancelled, "CANCELLED", name_ + ": " + std::string(key) + ": stopped");
  return before ? before(call, key) : Status{};
}

bool FakeObjectStore::HasFolder(std::string_view key) const { return folders_.contains(key); }

void FakeObjectStore::MakeFolders(std::string_view key) {
  for (auto slash = key.find('/'); slash != std::string_view::npos; slash = key.find('/', slash + 1))
    folders_.emplace(key.substr(0, slash + 1));
}

Result<ObjectInfo> FakeObjectStore::Put(const CallContext& context, std::string_view key,
                                        std::string_view bytes, const PutOptions& options) {
  EASEL_RETURN_IF_ERROR(CheckKey(key));
  EASEL_RETURN_IF_ERROR(Enter(context, "Put", key));
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  const Generation now = found == objects_.end() ? 0 : found->second.info.generation;
  if (options.if_generation && *options.if_generation != now) return FailMismatch(name_, key);
  ObjectContent content{.info = {.key = std::string(key),
                                 .size_bytes = static_cast<std::int64_t>(bytes.size()),
                                 .generation = ++newest_,
                                 .metageneration = 1,
                                 .updated_ms = clock_.UnixMs(),
                                 .crc32c = Crc32c(bytes)},
                        .bytes = std::string(bytes)};
  MakeFolders(key);
  ObjectInfo info = content.info;
  objects_.insert_or_assign(std::string(key), std::move(content));
  return info;
}

Result<ObjectInfo> FakeObjectStore::PutFile(const CallContext& context, std::string_view key,
                                            const std::string& path, const PutOptions& options) {
  EASEL_TRY(const std::string bytes, ReadFile(path));
  return Put(context, key, bytes, options);
}

Result<ObjectContent> FakeObjectStore::Get(const CallContext& context, std::string_view key,
                                           const GetOptions& options) {
  EASEL_RETURN_IF_ERROR(CheckKey(key));
  EASEL_RETURN_IF_ERROR(Enter(context, "Get", key));
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end() ||
      (options.generation != 0 && options.generation != found->second.info.generation))
    return FailAbsent(name_, key);
  const std::int64_t size = found->second.info.size_bytes;
  if (options.offset > size)
    return Fail(Code::kOutOfRange, "OFFSET_BEYOND_END", name_ + ": " + std::string(key) + " is shorter");
  const std::int64_t length = std::min(options.length, size - options.offset);
  if (length > options.max_bytes)
    return Fail(Code::kResourceExhausted, "OBJECT_TOO_LARGE",
                name_ + ": " + std::string(key) + " is too large");
  return ObjectContent{
      found->second.info,
      found->second.bytes.substr(static_cast<std::size_t>(options.offset), static_cast<std::size_t>(length))};
}

Result<ObjectInfo> FakeObjectStore::GetFile(const CallContext& context, std::string_view key,
                                            const std::string& path, Generation generation) {
  EASEL_TRY(const ObjectContent content,
            Get(context, key, {.generation = generation, .max_bytes = INT64_MAX}));
  EASEL_RETURN_IF_ERROR(WriteFileAtomically(path, content.bytes, {.create_only = true}));
  return content.info;
}

Result<ObjectInfo> FakeObjectStore::Stat(const CallContext& context, std::string_view key) {
  EASEL_RETURN_IF_ERROR(CheckKey(key));
  EASEL_RETURN_IF_ERROR(Enter(context, "Stat", key));
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return FailAbsent(name_, key);
  return found->second.info;
}

Result<ObjectInfo> FakeObjectStore::Touch(const CallContext& context, std::string_view key) {
  EASEL_RETURN_IF_ERROR(CheckKey(key));
  EASEL_RETURN_IF_ERROR(Enter(context, "Touch", key));
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return FailAbsent(name_, key);
  ++found->second.info.metageneration;
  found->second.info.updated_ms = clock_.UnixMs();
  return found->second.info;
}

Result<Listing> FakeObjectStore::List(const CallContext& context, const ListOptions& options) {
  EASEL_RETURN_IF_ERROR(Enter(context, "List", options.prefix));
  const std::lock_guard lock(mutex_);
  std::set<std::string> keys(folders_.begin(), folders_.end());
  for (const auto& [key, unused] : objects_) keys.insert(key);
  return PageOf({keys.begin(), keys.end()}, options,
                [&](const std::string& key) { return std::optional(objects_.find(key)->second.info); });
}

Status FakeObjectStore::Delete(const CallContext& context, const Deletion& deletion) {
  EASEL_RETURN_IF_ERROR(CheckKey(deletion.key));
  EASEL_RETURN_IF_ERROR(Enter(context, "Delete", deletion.key));
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(deletion.key);
  if (found == objects_.end()) return FailAbsent(name_, deletion.key);
  const ObjectInfo& info = found->second.info;
  if (deletion.if_generation.value_or(info.generation) != info.generation ||
      deletion.if_metageneration.value_or(info.metageneration) != info.metageneration)
    return FailMismatch(name_, deletion.key);
  objects_.erase(found);
  return {};
}

std::vector<Status> FakeObjectStore::DeleteAll(const CallContext& context,
                                               const std::vector<Deletion>& deletions) {
  std::vector<Status> out;
  for (const Deletion& deletion : deletions) out.push_back(Delete(context, deletion));
  return out;
}

Status FakeObjectStore::CreateFolder(const CallContext& context, std::string_view key) {
  EASEL_RETURN_IF_ERROR(CheckFolderKey(key));
  EASEL_RETURN_IF_ERROR(Enter(context, "CreateFolder", key));
  const std::lock_guard lock(mutex_);
  if (HasFolder(key))
    return Fail(Code::kAlreadyExists, "FOLDER_EXISTS", name_ + ": " + std::string(key) + " is there already");
  MakeFolders(key);
  return {};
}

Status FakeObjectStore::DeleteFolder(const CallContext& context, std::string_view key) {
  EASEL_RETURN_IF_ERROR(CheckFolderKey(key));
  EASEL_RETURN_IF_ERROR(Enter(context, "DeleteFolder", key));
  const std::lock_guard lock(mutex_);
  const auto found = folders_.find(key);
  if (found == folders_.end())
    return Fail(Code::kNotFound, "FOLDER_ABSENT", name_ + ": there is no folder " + std::string(key));
  const auto below = objects_.upper_bound(key);
  const auto next = std::next(found);
  if ((below != objects_.end() && below->first.starts_with(key)) ||
      (next != folders_.end() && next->starts_with(key)))
    return Fail(Code::kFailedPrecondition, "FOLDER_NOT_EMPTY",
                name_ + ": " + std::string(key) + " is not empty");
  folders_.erase(found);
  return {};
}

Status FakeObjectStore::RenameFolder(const CallContext& context, std::string_view from, std::string_view to) {
  EASEL_RETURN_IF_ERROR(CheckFolderKey(from));
  EASEL_RETURN_IF_ERROR(CheckFolderKey(to));
  EASEL_RETURN_IF_ERROR(Enter(context, "RenameFolder", from));
  const std::lock_guard lock(mutex_);
  if (!HasFolder(from))
    return Fail(Code::kNotFound, "FOLDER_ABSENT", name_ + ": there is no folder " + std::string(from));
  if (HasFolder(to))
    return Fail(Code::kAlreadyExists, "FOLDER_EXISTS", name_ + ": " + std::string(to) + " is there already");
  const auto slash = to.substr(0, to.size() - 1).rfind('/');
  if (slash != std::string_view::npos && !HasFolder(to.substr(0, slash + 1)))
    return Fail(Code::kNotFound, "FOLDER_ABSENT",
                name_ + ": the folder of " + std::string(to) + " is not there");
  const auto moved = [&](const std::string& key) { return std::string(to) + key.substr(from.size()); };
  std::vector<std::string> keys;
  for (const auto& [key, unused] : objects_)
    if (key.starts_with(from)) keys.push_back(key);
  for (const std::string& key : keys) {
    auto node = objects_.extract(key);
    node.key() = moved(key);
    node.mapped().info.key = node.key();
    objects_.insert(std::move(node));
  }
  std::vector<std::string> folders;
  for (const std::string& key : folders_)
    if (key.starts_with(from)) folders.push_back(key);
  for (const std::string& key : folders) {
    folders_.erase(key);
    folders_.insert(moved(key));
  }
  return {};
}

}  // namespace easel
