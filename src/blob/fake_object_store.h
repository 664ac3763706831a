// An object store in memory, for tests: with folders, and with faults where a test wants them.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "base/clock.h"
#include "blob/object_store.h"

namespace easel {

/// Thread-safe. `clock` must outlive it.
class FakeObjectStore final : public ObjectStore {
 public:
  explicit FakeObjectStore(const Clock& clock, std::string name = "memory")
      : clock_(clock), name_(std::move(name)) {}

  /// Asked before each call, with its name ("Put", …) and key; what it returns is the call's error. May itself call the store.
  std::function<Status(std::string_view call, std::string_view key)> before;

  std::string name() const override { return name_; }
  Result<ObjectInfo> Put(const CallContext& context, std::string_view key, std::string_view bytes,
                         const PutOptions& options) override;
  Result<ObjectInfo> PutFile(const CallContext& context, std::string_view key, const std::string& path,
                             const PutOptions& options) override;
  Result<ObjectContent> Get(const CallContext& context, std::string_view key,
                            const GetOptions& options) override;
  Result<ObjectInfo> GetFile(const CallContext& context, std::string_view key, const std::string& path,
                             Generation generation) override;
  Result<ObjectInfo> Stat(const CallContext& context, std::string_view key) override;
  Result<ObjectInfo> Touch(const CallContext& context, std::string_view key) override;
  Result<Listing> List(const CallContext& context, const ListOptions& options) override;
  Status Delete(const CallContext& context, const Deletion& deletion) override;
  std::vector<Status> DeleteAll(const CallContext& context, const std::vector<Deletion>& deletions) override;
  Status CreateFolder(const CallContext& context, std::string_view key) override;
  Status DeleteFolder(const CallContext& context, std::string_view key) override;
  Status RenameFolder(const CallContext& context, std::string_view from, std::string_view to) override;

 private:
  Status Enter(const CallContext& context, std::string_view call, std::string_view key) const;
  bool HasFolder(std::string_view key) const;
  void MakeFolders(std::string_view key);

  const Clock& clock_;
  const std::string name_;
  std::mutex mutex_;  ///< guards what follows
  std::map<std::string, ObjectContent, std::less<>> objects_;
  std::set<std::string, std::less<>> folders_;
  Generation newest_ = 1000;
};

}  // namespace easel
