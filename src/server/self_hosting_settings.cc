#include "server/self_hosting_settings.h"

#include <array>

#include "base/base64.h"

namespace easel {
namespace {

constexpr char kToken[] = "kubernetes_token", kAuthority[] = "kubernetes_certificate_authority";

std::string Purpose(std::string_view name) { return "self_hosting/" + std::string(name); }

/// "project", "kubernetes", …: what differs, for the log.
json::array Changed(const std::optional<SelfHosting>& before, const SelfHosting& after) {
  json::array out;
  const json::object was = SelfHostingJson(before.value_or(SelfHosting{})), is = SelfHostingJson(after);
  for (const auto& [key, value] : is)
    if (was.at(key) != value) out.push_back(json::string(key));
  return out;
}

}  // namespace

Result<KeptSelfHosting> SelfHostingSettings::ReadIn(SqliteConnection& database) {
  KeptSelfHosting out;
  EASEL_TRY(Query find, database.Use("SELECT document, changed_ms, name FROM self_hosting"));
  EASEL_TRY(const bool there, find.Step());
  if (there) {
    EASEL_TRY(const json::value document, ParseJson(find.TextColumn(), "self_hosting"));
    EASEL_TRY(out.settings, ReadSelfHostingJson(document, "self_hosting"));
    out.changed_ms = find.IntColumn();
    out.changed_by = find.TextColumn();
  }
  EASEL_TRY(Query secrets, database.Use("SELECT name, set_ms FROM self_hosting_secrets"));
  for (;;) {
    EASEL_TRY(const bool more, secrets.Step());
    if (!more) return out;
    const std::string name = secrets.TextColumn();
    (name == kToken ? out.token_ms : out.authority_ms) = secrets.IntColumn();
  }
}

Result<KeptSelfHosting> SelfHostingSettings::Read() {
  KeptSelfHosting out;
  EASEL_RETURN_IF_ERROR(database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(out, ReadIn(database));
    return {};
  }));
  return out;
}

Status SelfHostingSettings::Write(const Actor& actor, const SelfHosting& settings,
                                  const ClusterSecretChange& change) {
  struct Row {
    const char* name;
    std::optional<std::string> value;
    std::string sealed = {};
  };
  std::array<Row, 2> rows{{{kToken, change.token}, {kAuthority, change.authority}}};
  std::optional<SealingKey> key;
  for (Row& row : rows) {
    if (!settings.kubernetes) row.value = "";
    if (!row.value || row.value->empty()) continue;
    if (!key) {
      EASEL_TRY(key, SealingKey::OpenOrMake(key_file_));
    }
    row.sealed = Base64(key->Seal(*row.value, Purpose(row.name)));
  }
  const std::string document = json::serialize(SelfHostingJson(settings));
  return database_.Change([&](SqliteConnection& database) -> Status {
    EASEL_TRY(const KeptSelfHosting before, ReadIn(database));
    const std::int64_t now = clock_.UnixMs();
    json::object detail{{"changed", Changed(before.settings, settings)}};
    EASEL_TRY(Query put,
              database.Use("INSERT OR REPLACE INTO self_hosting (one, document, changed_ms, person, "
                           "name) VALUES (1, ?, ?, ?, ?)"));
    EASEL_RETURN_IF_ERROR(
        put.Text(document).Int(now).Text(actor.principal.user).Text(actor.principal.name).Run());
    for (const Row& row : rows) {
      if (!row.value) continue;
      const bool there = (row.name == kToken ? before.token_ms : before.authority_ms).has_value();
      if (row.value->empty()) {
        EASEL_TRY(Query drop, database.Use("DELETE FROM self_hosting_secrets WHERE name = ?"));
        EASEL_RETURN_IF_ERROR(drop.Text(row.name).Run());
        if (there) detail[row.name] = "removed";
        continue;
      }
      EASEL_TRY(Query keep, database.Use("INSERT OR REPLACE INTO self_hosting_secrets (name, sealed, set_ms) "
                                         "VALUES (?, ?, ?)"));
      EASEL_RETURN_IF_ERROR(keep.Text(row.name).Text(row.sealed).Int(now).Run());
      detail[row.name] = there ? "replaced" : "set";
    }
    if (audit_ == nullptr) return {};
    return audit_->Write(database, actor, "self_hosting.change", "", "", detail);
  });
}

Result<ClusterSecrets> SelfHostingSettings::Secrets() {
  ClusterSecrets out;
  std::array<std::pair<const char*, std::string*>, 2> wanted{
      {{kToken, &out.token}, {kAuthority, &out.authority}}};
  EASEL_RETURN_IF_ERROR(database_.Use([&](SqliteConnection& database) -> Status {
    for (const auto& [name, sealed] : wanted) {
      EASEL_TRY(Query find, database.Use("SELECT sealed FROM self_hosting_secrets WHERE name = ?"));
      EASEL_TRY(const bool there, find.Text(name).Step());
      if (there) *sealed = find.TextColumn();
    }
    return {};
  }));
  if (out.token.empty() && out.authority.empty()) return out;
  EASEL_TRY(const SealingKey key, SealingKey::OpenOrMake(key_file_));
  for (const auto& [name, text] : wanted) {
    if (text->empty()) continue;
    auto plain = key.Unseal(FromBase64(*text).value_or(""), Purpose(name));
    if (!plain)
      return Fail(plain.error().code, plain.error().reason,
                  "the " + std::string(name == std::string_view(kToken) ? "token" : "certificate authority") +
                      " of the cluster cannot be decrypted with " + key_file_ +
                      ": put the key file back that belongs to this database, or set the " +
                      (name == std::string_view(kToken) ? "token" : "authority") + " anew");
    *text = *std::move(plain);
  }
  return out;
}

}  // namespace easel
