// The members of the organization and what canvases grant them, in memory: asked at every request.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "server/principal.h"
#include "server/server_database.h"

namespace easel {

struct Member {
  std::string id;
  std::string email;  ///< in lower case
  std::string name;
  Role role = Role::kViewer;
  std::string password;  ///< as HashPassword gives it
  std::int64_t created_ms = 0;
};

/// Thread-safe. Holds what the tables `members` and `canvas_roles` hold: who changes those changes this after.
class Roster {
 public:
  Status Load(SqliteConnection& database);

  bool empty() const;
  std::size_t size() const;
  std::size_t owners() const;
  std::optional<Person> FindPerson(const std::string& id) const;
  std::optional<Member> Find(const std::string& id) const;
  std::optional<Member> FindByEmail(const std::string& email) const;
  /// By name, then id.
  std::vector<Member> All() const;
  /// What canvas `canvas` grants this member.
  std::optional<Role> Granted(const std::string& canvas, const std::string& member) const;

  void Put(Member member);
  void Remove(const std::string& id);
  /// nullopt: nothing.
  void Grant(const std::string& canvas, const std::string& member, std::optional<Role> role);
  /// What `from` grants, `to` grants now, and only that; an empty `to`: nobody does.
  void MoveCanvas(const std::string& from, const std::string& to);

 private:
  struct Entry {
    Member member;
    std::shared_ptr<const GrantedRoles> granted = std::make_shared<GrantedRoles>();
  };
  mutable std::shared_mutex mutex_;
  std::map<std::string, Entry> members_;  ///< by id
};

}  // namespace easel
