#include "server/upload_records.h"

#include <utility>

#include "base/base64.h"

namespace easel {
namespace {

std::string PurposeOf(const std::string& id) { return "uploads/session/" + id; }

FileInBucket ReadFileRow(Query& row) {
  FileInBucket file;
  file.canvas = row.TextColumn();
  file.path = row.TextColumn();
  file.tag = row.TextColumn();
  file.key = row.TextColumn();
  file.generation = row.IntColumn();
  return file;
}

}  // namespace

Status UploadRecords::Write(SqliteConnection& database, const UploadRecord& record) {
  EASEL_TRY(Query put, database.Use("INSERT OR REPLACE INTO uploads (id, canvas, path, bytes, replace_file, "
                                    "content_type, in_bucket, session, origin, offset, used_ms, done) VALUES "
                                    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  const std::string sealed =
      record.session.empty() ? "" : Base64(key_.Seal(record.session, PurposeOf(record.id)));
  return put.Text(record.id)
      .Text(record.canvas)
      .Text(record.path)
      .Int(record.bytes)
      .Int(record.replace ? 1 : 0)
      .Text(record.content_type)
      .Int(record.in_bucket ? 1 : 0)
      .Text(sealed)
      .Text(record.origin)
      .Int(record.offset)
      .Int(record.used_ms)
      .Int(record.done ? 1 : 0)
      .Run();
}

UploadRecord UploadRecords::Read(Query& row) const {
  UploadRecord record;
  record.id = row.TextColumn();
  record.canvas = row.TextColumn();
  record.path = row.TextColumn();
  record.bytes = row.IntColumn();
  record.replace = row.IntColumn() != 0;
  record.content_type = row.TextColumn();
  record.in_bucket = row.IntColumn() != 0;
  const std::string sealed = row.TextColumn();
  record.origin = row.TextColumn();
  record.offset = row.IntColumn();
  record.used_ms = row.IntColumn();
  record.done = row.IntColumn() != 0;
  if (sealed.empty()) return record;
  if (auto session = key_.Unseal(FromBase64(sealed).value_or(""), PurposeOf(record.id)))
    record.session = *std::move(session);
  return record;
}

Status UploadRecords::Put(const UploadRecord& record) {
  return database_.Use([&](SqliteConnection& database) { return Write(database, record); });
}

Result<UploadRecord> UploadRecords::Find(const std::string& canvas, const std::string& id) {
  std::optional<UploadRecord> found;
  EASEL_RETURN_IF_ERROR(database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query find, database.Use("SELECT id, canvas, path, bytes, replace_file, content_type, "
                                       "in_bucket, session, origin, offset, used_ms, done FROM uploads WHERE "
                                       "id = ? AND canvas = ?"));
    find.Text(id).Text(canvas);
    EASEL_TRY(const bool there, find.Step());
    if (!there) return {};
    found = Read(find);
    return {};
  }));
  if (found) return *std::move(found);
  return Fail(Code::kNotFound, "UPLOAD_UNKNOWN", "there is no such upload; it is dropped, or too old");
}

Result<std::vector<UploadRecord>> UploadRecords::UnusedSince(std::int64_t unix_ms) {
  std::vector<UploadRecord> out;
  EASEL_RETURN_IF_ERROR(database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query find, database.Use("SELECT id, canvas, path, bytes, replace_file, content_type, "
                                       "in_bucket, session, origin, offset, used_ms, done FROM uploads WHERE "
                                       "used_ms < ?"));
    find.Int(unix_ms);
    for (;;) {
      EASEL_TRY(const bool row, find.Step());
      if (!row) return {};
      out.push_back(Read(find));
    }
  }));
  return out;
}

Status UploadRecords::Remove(const std::string& id) {
  return database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query remove, database.Use("DELETE FROM uploads WHERE id = ?"));
    return remove.Text(id).Run();
  });
}

Status UploadRecords::Finish(const UploadRecord& record, const FileInBucket& file) {
  return database_.Change([&](SqliteConnection& database) -> Status {
    EASEL_RETURN_IF_ERROR(Write(database, record));
    EASEL_TRY(Query put, database.Use("INSERT OR REPLACE INTO files_in_bucket (canvas, path, tag, key, "
                                      "generation) VALUES (?, ?, ?, ?, ?)"));
    return put.Text(file.canvas).Text(file.path).Text(file.tag).Text(file.key).Int(file.generation).Run();
  });
}

Result<std::optional<FileInBucket>> UploadRecords::FindFile(const std::string& canvas,
                                                            const std::string& path) {
  std::optional<FileInBucket> out;
  EASEL_RETURN_IF_ERROR(database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query find, database.Use("SELECT canvas, path, tag, key, generation FROM files_in_bucket WHERE "
                                       "canvas = ? AND path = ? ORDER BY generation DESC LIMIT 1"));
    find.Text(canvas).Text(path);
    EASEL_TRY(const bool there, find.Step());
    if (there) out = ReadFileRow(find);
    return {};
  }));
  return out;
}

Result<std::vector<FileInBucket>> UploadRecords::Files() {
  std::vector<FileInBucket> out;
  EASEL_RETURN_IF_ERROR(database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query find, database.Use("SELECT canvas, path, tag, key, generation FROM files_in_bucket"));
    for (;;) {
      EASEL_TRY(const bool row, find.Step());
      if (!row) return {};
      out.push_back(ReadFileRow(find));
    }
  }));
  return out;
}

Status UploadRecords::RemoveFile(const std::string& key) {
  return database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query remove, database.Use("DELETE FROM files_in_bucket WHERE key = ?"));
    return remove.Text(key).Run();
  });
}

}  // namespace easel
