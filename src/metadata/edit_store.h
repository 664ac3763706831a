// What a canvas's pages did to it, durable before it is told: `.easel/edits.db` (docs/formats/edits.md).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace easel {

/// A block as it was last, also one that is deleted. `code` is the text at `version`; later updates are beside it.
struct BlockEdits {
  std::string id;
  std::string document;  ///< JSON: everything but its code
  std::int64_t version = 0;
  std::string code;
};

struct OperationRecord {
  std::int64_t seq = 0;
  std::string actor, token;
  std::string change;  ///< JSON
  std::int64_t at_ms = 0;
};

/// One update of a block's text: it makes version + 1 of `version`.
struct TextUpdateRecord {
  std::string block;
  std::int64_t version = 0;
  std::string client, actor;
  std::string changes;  ///< JSON
  std::int64_t at_ms = 0;
};

struct RevisionRecord {
  std::string block;
  std::int64_t revision = 0;  ///< from 1, per block
  std::string actor;
  std::int64_t at_ms = 0;
  std::int64_t lines_added = 0, lines_removed = 0;
  std::string code;
};

/// A file of the folder as it was last read or written; `absent` after a deletion.
struct FolderFile {
  std::string path;
  std::string content;
  bool absent = false;
};

/// What goes to the disk together.
struct EditBatch {
  std::vector<OperationRecord> operations;
  std::vector<std::string> forget_updates;  ///< blocks whose text begins anew: before `updates`
  std::vector<TextUpdateRecord> updates;
  std::vector<BlockEdits> blocks;         ///< replaced whole
  std::vector<RevisionRecord> revisions;  ///< replaced whole
  std::vector<FolderFile> files;

  bool empty() const {
    return operations.empty() && forget_updates.empty() && updates.empty() && blocks.empty() &&
           revisions.empty() && files.empty();
  }
};

/// Blocking; confined to one thread. Several readers and one writer may have the file open.
///
/// Errors of all calls: kDataLoss DATABASE_DAMAGED, DISK_FULL and others of SQLite.
class EditStore {
 public:
  /// So many of a block's text updates stay beside its row; who is further behind takes the text itself.
  static constexpr std::int64_t kKeptUpdates = 5000;

  /// Open or make the database. Its `epoch` is made with it and never changes.
  static Result<std::unique_ptr<EditStore>> Open(const std::string& path);
  virtual ~EditStore() = default;

  virtual const std::string& epoch() const = 0;
  /// One transaction; durable when it returns.
  virtual Status Commit(const EditBatch& batch) = 0;

  virtual Result<std::vector<BlockEdits>> Blocks() = 0;
  virtual Result<std::vector<FolderFile>> Files() = 0;
  virtual Result<std::int64_t> LastSeq() = 0;
  /// In order, those with a greater number.
  virtual Result<std::vector<OperationRecord>> Operations(std::int64_t after, std::int64_t limit) = 0;
  virtual Result<std::optional<OperationRecord>> FindToken(const std::string& actor,
                                                           const std::string& token) = 0;
  /// In order, from the one made at `version`. Empty `block`: of all blocks that are further than their `code`.
  virtual Result<std::vector<TextUpdateRecord>> Updates(const std::string& block, std::int64_t version,
                                                        std::int64_t limit) = 0;
  /// Newest first, those with a smaller number; without code.
  virtual Result<std::vector<RevisionRecord>> Revisions(const std::string& block, std::int64_t before,
                                                        std::int64_t limit) = 0;
  virtual Result<std::optional<RevisionRecord>> FindRevision(const std::string& block,
                                                             std::int64_t revision) = 0;
};

}  // namespace easel
