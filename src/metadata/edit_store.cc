#include "metadata/edit_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/ids.h"
#include "metadata/sqlite_connection.h"
#include "metadata/sqlite_schema.h"

namespace easel {
namespace {

constexpr Migration kMigrations[] = {{1, R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE blocks(
  block TEXT PRIMARY KEY, document TEXT NOT NULL, version INTEGER NOT NULL, code TEXT NOT NULL,
  checksum INTEGER NOT NULL);
CREATE TABLE operations(
  seq INTEGER PRIMARY KEY, actor TEXT NOT NULL, token TEXT NOT NULL, change TEXT NOT NULL, at_ms INTEGER NOT NULL,
  checksum INTEGER NOT NULL);
CREATE INDEX operations_of_token ON operations(token, actor) WHERE token <> '';
CREATE TABLE updates(
  block TEXT NOT NULL, version INTEGER NOT NULL, client TEXT NOT NULL, actor TEXT NOT NULL, changes TEXT NOT NULL,
  at_ms INTEGER NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY(block, version)) WITHOUT ROWID;
CREATE TABLE revisions(
  block TEXT NOT NULL, revision INTEGER NOT NULL, actor TEXT NOT NULL, at_ms INTEGER NOT NULL,
  lines_added INTEGER NOT NULL, lines_removed INTEGER NOT NULL, code TEXT NOT NULL, checksum INTEGER NOT NULL,
  PRIMARY KEY(block, revision));
CREATE TABLE files(
  path TEXT PRIMARY KEY, content TEXT NOT NULL, absent INTEGER NOT NULL, checksum INTEGER NOT NULL);
)sql"}};

class SqliteEditStore final : public EditStore {
 public:
  explicit SqliteEditStore(std::unique_ptr<SqliteConnection> database) : database_(std::move(database)) {}

  Status Prepare() {
    // The first page makes the file ours; a file of anybody else is refused by its application id.
    EASEL_TRY(const std::int64_t pages, database_->Number("PRAGMA page_count"));
    if (pages == 0) EASEL_RETURN_IF_ERROR(MarkAsOurs(*database_));
    EASEL_RETURN_IF_ERROR(BringUpToDate(*database_, kMigrations, false));
    EASEL_RETURN_IF_ERROR(
        database_->Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                           "PRAGMA cache_size=-256"));
    EASEL_TRY(Query query, database_->Use("SELECT key, value, checksum FROM meta WHERE key='epoch'"));
    EASEL_TRY(const bool there, query.Step());
    if (there) {
      query.TextColumn();
      epoch_ = query.TextColumn();
      return query.CheckSeal();
    }
    epoch_ = RandomBase32(16);
    EASEL_TRY(Query row, database_->Use("INSERT INTO meta(key, value, checksum) VALUES(?, ?, ?)"));
    return row.Text("epoch").Text(epoch_).Seal().Run();
  }

  const std::string& epoch() const override { return epoch_; }

  Status Commit(const EditBatch& batch) override {
    if (batch.empty()) return {};
    EASEL_RETURN_IF_ERROR(Do("BEGIN IMMEDIATE"));
    Status status = Write(batch);
    if (status) status = Do("COMMIT");
    if (!status && database_->InTransaction()) (void)Do("ROLLBACK");
    return status;
  }

  Result<std::vector<BlockEdits>> Blocks() override {
    EASEL_TRY(Query query, database_->Use("SELECT block, document, version, code, checksum FROM blocks"));
    std::vector<BlockEdits> out;
    for (;;) {
      EASEL_TRY(const bool row, query.Step());
      if (!row) return out;
      BlockEdits& block = out.emplace_back();
      block.id = query.TextColumn();
      block.document = query.TextColumn();
      block.version = query.IntColumn();
      block.code = query.TextColumn();
      EASEL_RETURN_IF_ERROR(query.CheckSeal());
    }
  }

  Result<std::vector<FolderFile>> Files() override {
    EASEL_TRY(Query query, database_->Use("SELECT path, content, absent, checksum FROM files"));
    std::vector<FolderFile> out;
    for (;;) {
      EASEL_TRY(const bool row, query.Step());
      if (!row) return out;
      FolderFile& file = out.emplace_back();
      file.path = query.TextColumn();
      file.content = query.TextColumn();
      file.absent = query.IntColumn() != 0;
      EASEL_RETURN_IF_ERROR(query.CheckSeal());
    }
  }

  Result<std::int64_t> LastSeq() override { return database_->Number("SELECT max(seq) FROM operations"); }

  Result<std::vector<OperationRecord>> Operations(std::int64_t after, std::int64_t limit) override {
    EASEL_TRY(Query query, database_->Use("SELECT seq, actor, token, change, at_ms, checksum FROM operations "
                                          "WHERE seq > ? ORDER BY seq LIMIT ?"));
    query.Int(after).Int(limit);
    std::vector<OperationRecord> out;
    for (;;) {
      EASEL_TRY(const bool row, query.Step());
      if (!row) return out;
      EASEL_TRY(OperationRecord operation, ReadOperation(query));
      out.push_back(std::move(operation));
    }
  }

  Result<std::optional<OperationRecord>> FindToken(const std::string& actor,
                                                   const std::string& token) override {
    EASEL_TRY(Query query, database_->Use("SELECT seq, actor, token, change, at_ms, checksum FROM operations "
                                          "WHERE token = ? AND token <> '' AND actor = ?"));
    query.Text(token).Text(actor);
    EASEL_TRY(const bool row, query.Step());
    if (!row) return std::nullopt;
    EASEL_TRY(OperationRecord operation, ReadOperation(query));
    return operation;
  }

  Result<std::vector<TextUpdateRecord>> Updates(const std::string& block, std::int64_t version,
                                                std::int64_t limit) override {
    EASEL_TRY(Query query,
              block.empty()
                  ? database_->Use("SELECT u.block, u.version, u.client, u.actor, u.changes, u.at_ms, "
                                   "u.checksum FROM updates u JOIN blocks b ON b.block = u.block "
                                   "WHERE u.version >= b.version + ? ORDER BY u.block, u.version LIMIT ?")
                  : database_->Use("SELECT block, version, client, actor, changes, at_ms, checksum FROM "
                                   "updates WHERE block = ? AND version >= ? ORDER BY version LIMIT ?"));
    if (!block.empty()) query.Text(block);
    query.Int(version).Int(limit);
    std::vector<TextUpdateRecord> out;
    for (;;) {
      EASEL_TRY(const bool row, query.Step());
      if (!row) return out;
      TextUpdateRecord& update = out.emplace_back();
      update.block = query.TextColumn();
      update.version = query.IntColumn();
      update.client = query.TextColumn();
      update.actor = query.TextColumn();
      update.changes = query.TextColumn();
      update.at_ms = query.IntColumn();
      EASEL_RETURN_IF_ERROR(query.CheckSeal());
    }
  }

  Result<std::vector<RevisionRecord>> Revisions(const std::string& block, std::int64_t before,
                                                std::int64_t limit) override {
    EASEL_TRY(Query query, database_->Use("SELECT block, revision, actor, at_ms, lines_added, lines_removed, "
                                          "code, checksum FROM revisions "
                                          "WHERE block = ? AND revision < ? ORDER BY revision DESC LIMIT ?"));
    query.Text(block).Int(before).Int(limit);
    std::vector<RevisionRecord> out;
    for (;;) {
      EASEL_TRY(const bool row, query.Step());
      if (!row) return out;
      EASEL_TRY(RevisionRecord revision, ReadRevision(query));
      revision.code.clear();
      out.push_back(std::move(revision));
    }
  }

  Result<std::optional<RevisionRecord>> FindRevision(const std::string& block,
                                                     std::int64_t revision) override {
    EASEL_TRY(Query query, database_->Use("SELECT block, revision, actor, at_ms, lines_added, lines_removed, "
                                          "code, checksum FROM revisions WHERE block = ? AND revision = ?"));
    query.Text(block).Int(revision);
    EASEL_TRY(const bool row, query.Step());
    if (!row) return std::nullopt;
    EASEL_TRY(RevisionRecord found, ReadRevision(query));
    return found;
  }

 private:
  Status Do(const char* sql) {
    EASEL_TRY(Query query, database_->Use(sql));
    return query.Run();
  }

  Status Write(const EditBatch& batch) {
    for (const OperationRecord& o : batch.operations) {
      EASEL_TRY(Query query, database_->Use("INSERT INTO operations(seq, actor, token, change, at_ms, "
                                            "checksum) VALUES(?, ?, ?, ?, ?, ?)"));
      EASEL_RETURN_IF_ERROR(
          query.Int(o.seq).Text(o.actor).Text(o.token).Text(o.change).Int(o.at_ms).Seal().Run());
    }
    for (const std::string& block : batch.forget_updates) {
      EASEL_TRY(Query query, database_->Use("DELETE FROM updates WHERE block = ?"));
      EASEL_RETURN_IF_ERROR(query.Text(block).Run());
    }
    for (const TextUpdateRecord& u : batch.updates) {
      EASEL_TRY(Query query, database_->Use("INSERT INTO updates(block, version, client, actor, changes, "
                                            "at_ms, checksum) VALUES(?, ?, ?, ?, ?, ?, ?)"));
      EASEL_RETURN_IF_ERROR(query.Text(u.block)
                                .Int(u.version)
                                .Text(u.client)
                                .Text(u.actor)
                                .Text(u.changes)
                                .Int(u.at_ms)
                                .Seal()
                                .Run());
    }
    for (const BlockEdits& b : batch.blocks) {
      EASEL_TRY(Query query, database_->Use("INSERT OR REPLACE INTO blocks(block, document, version, code, "
                                            "checksum) VALUES(?, ?, ?, ?, ?)"));
      EASEL_RETURN_IF_ERROR(query.Text(b.id).Text(b.document).Int(b.version).Text(b.code).Seal().Run());
      if (b.version <= kKeptUpdates) continue;
      EASEL_TRY(Query trim, database_->Use("DELETE FROM updates WHERE block = ? AND version < ?"));
      EASEL_RETURN_IF_ERROR(trim.Text(b.id).Int(b.version - kKeptUpdates).Run());
    }
    for (const RevisionRecord& r : batch.revisions) {
      EASEL_TRY(Query query, database_->Use("INSERT OR REPLACE INTO revisions(block, revision, actor, at_ms, "
                                            "lines_added, lines_removed, code, checksum) "
                                            "VALUES(?, ?, ?, ?, ?, ?, ?, ?)"));
      EASEL_RETURN_IF_ERROR(query.Text(r.block)
                                .Int(r.revision)
                                .Text(r.actor)
                                .Int(r.at_ms)
                                .Int(r.lines_added)
                                .Int(r.lines_removed)
                                .Text(r.code)
                                .Seal()
                                .Run());
    }
    for (const FolderFile& f : batch.files) {
      EASEL_TRY(Query query, database_->Use("INSERT OR REPLACE INTO files(path, content, absent, checksum) "
                                            "VALUES(?, ?, ?, ?)"));
      EASEL_RETURN_IF_ERROR(query.Text(f.path).Text(f.content).Int(f.absent ? 1 : 0).Seal().Run());
    }
    return {};
  }

  static Result<OperationRecord> ReadOperation(Query& query) {
    OperationRecord out;
    out.seq = query.IntColumn();
    out.actor = query.TextColumn();
    out.token = query.TextColumn();
    out.change = query.TextColumn();
    out.at_ms = query.IntColumn();
    EASEL_RETURN_IF_ERROR(query.CheckSeal());
    return out;
  }

  static Result<RevisionRecord> ReadRevision(Query& query) {
    RevisionRecord out;
    out.block = query.TextColumn();
    out.revision = query.IntColumn();
    out.actor = query.TextColumn();
    out.at_ms = query.IntColumn();
    out.lines_added = query.IntColumn();
    out.lines_removed = query.IntColumn();
    out.code = query.TextColumn();
    EASEL_RETURN_IF_ERROR(query.CheckSeal());
    return out;
  }

  std::unique_ptr<SqliteConnection> database_;
  std::string epoch_;
};

}  // namespace

Result<std::unique_ptr<EditStore>> EditStore::Open(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    return FailDamaged(path, "it is not a regular file");
  EASEL_TRY(auto database, SqliteConnection::Open(path, SqliteConnection::Access::kCreate));
  auto store = std::make_unique<SqliteEditStore>(std::move(database));
  EASEL_RETURN_IF_ERROR(store->Prepare());
  return store;
}

}  // namespace easel
