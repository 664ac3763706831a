# Made from contracts/openapi.yaml by scripts/make_client: not to be edited by hand.

"""Every operation of the API, by its name in the contract."""

from __future__ import annotations

from typing import Any, Literal

from . import types
from .http import Http, new_key, quoted


class Api:
    def __init__(self, http: Http) -> None:
        self._http = http

    def get_session(self) -> types.Session:
        """Who is asking. (Access: signed in.)"""
        answer: types.Session = self._http.ask("GET", "/session")
        return answer

    def sign_in(self, body: types.SignIn) -> types.Session:
        """Signed in; sets the cookie. (Access: public.)"""
        answer: types.Session = self._http.ask("POST", "/session", body=body)
        return answer

    def sign_out(self) -> None:
        """The session is over. (Access: person.)"""
        self._http.send("DELETE", "/session")

    def list_sessions(self) -> types.ListSessionsAnswer:
        """Where the person is signed in, newest first. (Access: person.)"""
        answer: types.ListSessionsAnswer = self._http.ask("GET", "/sessions")
        return answer

    def revoke_session(self, id: str) -> None:
        """It is over, and its WebSockets are closed with 4401. (Access: person.)"""
        self._http.send("DELETE", f"/sessions/{quoted(id)}")

    def list_tokens(self) -> types.ListTokensAnswer:
        """API tokens of the person, newest first, without their secrets. (Access: person.)"""
        answer: types.ListTokensAnswer = self._http.ask("GET", "/tokens")
        return answer

    def create_token(self, body: types.CreateTokenBody) -> types.CreateTokenAnswer:
        """Made; `token` is shown this once. (Access: person.)"""
        answer: types.CreateTokenAnswer = self._http.ask("POST", "/tokens", body=body)
        return answer

    def revoke_token(self, id: str) -> None:
        """It is worth nothing any more. (Access: person.)"""
        self._http.send("DELETE", f"/tokens/{quoted(id)}")

    def get_team(self) -> types.Team:
        """What the page for signing in needs to know. (Access: public.)"""
        answer: types.Team = self._http.ask("GET", "/team")
        return answer

    def set_up_team(self, body: types.SetUpTeamBody) -> types.Session:
        """The first owner is there and signed in; sets the cookie. Works once, with the link that `easel serve --team` prints. (Access: public.)"""
        answer: types.Session = self._http.ask("POST", "/team/setup", body=body)
        return answer

    def change_me(self, body: types.ChangeMeBody) -> types.Session:
        """As it is now. (Access: person.)"""
        answer: types.Session = self._http.ask("PATCH", "/me", body=body)
        return answer

    def change_password(self, body: types.ChangePasswordBody) -> None:
        """Changed; other sessions of the person are over, this one and API tokens go on. (Access: person.)"""
        self._http.send("PUT", "/me/password", body=body)

    def use_password_reset(self, body: types.UsePasswordResetBody) -> types.Session:
        """The password is changed, all sessions and tokens of the person are over, and this browser is signed in; sets the cookie. (Access: public.)"""
        answer: types.Session = self._http.ask("POST", "/password-resets", body=body)
        return answer

    def get_organization(self) -> types.Organization:
        """The organization. (Access: viewer.)"""
        answer: types.Organization = self._http.ask("GET", "/organization")
        return answer

    def change_organization(self, body: types.ChangeOrganizationBody) -> types.Organization:
        """As it is now. (Access: owner.)"""
        answer: types.Organization = self._http.ask("PATCH", "/organization", body=body)
        return answer

    def get_self_hosting(self) -> types.SelfHosting:
        """Where the organization is on Google Cloud, as its admins said. Secrets are not in it, only since when they are set. (Access: admin.)"""
        answer: types.SelfHosting = self._http.ask("GET", "/self-hosting")
        return answer

    def change_self_hosting(self, body: types.SelfHostingChange) -> types.SelfHosting:
        """As it is now. (Access: admin.)"""
        answer: types.SelfHosting = self._http.ask("PUT", "/self-hosting", body=body)
        return answer

    def read_self_hosting_yaml(self, body: types.ReadSelfHostingYamlBody) -> types.ReadSelfHostingYamlAnswer:
        """What it says, and which fields are missing or cannot be right. Nothing is saved. (Access: admin.)"""
        answer: types.ReadSelfHostingYamlAnswer = self._http.ask("POST", "/self-hosting/yaml", body=body)
        return answer

    def get_connection_test(self) -> types.ConnectionTest:
        """The last test, or the one that runs, with what is known so far. (Access: admin.)"""
        answer: types.ConnectionTest = self._http.ask("GET", "/self-hosting/test")
        return answer

    def test_connection(self, body: types.TestConnectionBody) -> types.ConnectionTest:
        """It runs, in the background, on the settings as they are saved. 409 while another one does. (Access: admin.)"""
        answer: types.ConnectionTest = self._http.ask("POST", "/self-hosting/test", body=body)
        return answer

    def stop_connection_test(self) -> types.ConnectionTest:
        """If one ran, it is asked to end, and soon `stopped`. (Access: admin.)"""
        answer: types.ConnectionTest = self._http.ask("DELETE", "/self-hosting/test")
        return answer

    def list_members(self, *, cursor: str | None = None, limit: int | None = None) -> types.ListMembersAnswer:
        """By name. (Access: viewer.)"""
        answer: types.ListMembersAnswer = self._http.ask(
            "GET", "/members", query={"cursor": cursor, "limit": limit}
        )
        return answer

    def change_member(self, member: str, body: types.ChangeMemberBody) -> types.Member:
        """As it is now. Holds at once, on open pages too. (Access: admin.)"""
        answer: types.Member = self._http.ask("PATCH", f"/members/{quoted(member)}", body=body)
        return answer

    def remove_member(self, member: str) -> None:
        """Gone: their sessions and tokens are over, their WebSockets are closed with 4401. (Access: admin.)"""
        self._http.send("DELETE", f"/members/{quoted(member)}")

    def create_password_reset(self, member: str) -> types.HandedLink:
        """A link for this member to set a new password; shown this once. An earlier one is worth nothing any more. (Access: admin person.)"""
        answer: types.HandedLink = self._http.ask("POST", f"/members/{quoted(member)}/password-reset")
        return answer

    def list_invitations(
        self, *, cursor: str | None = None, limit: int | None = None
    ) -> types.ListInvitationsAnswer:
        """Open ones, newest first, without their links. (Access: admin.)"""
        answer: types.ListInvitationsAnswer = self._http.ask(
            "GET", "/invitations", query={"cursor": cursor, "limit": limit}
        )
        return answer

    def create_invitation(self, body: types.CreateInvitationBody) -> types.CreateInvitationAnswer:
        """Made; `link` is shown this once. (Access: admin person.)"""
        answer: types.CreateInvitationAnswer = self._http.ask("POST", "/invitations", body=body)
        return answer

    def revoke_invitation(self, invitation: str) -> None:
        """Its link is worth nothing any more. (Access: admin.)"""
        self._http.send("DELETE", f"/invitations/{quoted(invitation)}")

    def look_at_invitation(self, body: types.LookAtInvitationBody) -> types.InvitationSeen:
        """What the link is good for. (Access: public.)"""
        answer: types.InvitationSeen = self._http.ask("POST", "/invitations/look", body=body)
        return answer

    def accept_invitation(self, body: types.AcceptInvitationBody) -> types.Session:
        """A member now, and signed in; sets the cookie. The link is used up. (Access: public.)"""
        answer: types.Session = self._http.ask("POST", "/invitations/accept", body=body)
        return answer

    def list_audit(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        person: str | None = None,
        canvas: str | None = None,
        action: str | None = None,
    ) -> types.ListAuditAnswer:
        """Who did what, newest first. `next` is null at the end. (Access: admin.)"""
        answer: types.ListAuditAnswer = self._http.ask(
            "GET",
            "/audit",
            query={"cursor": cursor, "limit": limit, "person": person, "canvas": canvas, "action": action},
        )
        return answer

    def list_canvas_roles(
        self, canvas: str, *, cursor: str | None = None, limit: int | None = None
    ) -> types.ListCanvasRolesAnswer:
        """Every member, by name, with the role that counts on this canvas. (Access: viewer.)"""
        answer: types.ListCanvasRolesAnswer = self._http.ask(
            "GET", f"/canvases/{quoted(canvas)}/roles", query={"cursor": cursor, "limit": limit}
        )
        return answer

    def grant_canvas_role(
        self, canvas: str, member: str, body: types.GrantCanvasRoleBody
    ) -> types.CanvasRole:
        """As it is now. Holds at once, on open pages too. (Access: admin.)"""
        answer: types.CanvasRole = self._http.ask(
            "PUT", f"/canvases/{quoted(canvas)}/roles/{quoted(member)}", body=body
        )
        return answer

    def withdraw_canvas_role(self, canvas: str, member: str) -> None:
        """Nothing is granted on this canvas any more; the role in the organization counts. (Access: admin.)"""
        self._http.send("DELETE", f"/canvases/{quoted(canvas)}/roles/{quoted(member)}")

    def list_routes(self) -> types.ListRoutesAnswer:
        """Every route and WebSocket topic of this server, with the access that it asks for. (Access: owner.)"""
        answer: types.ListRoutesAnswer = self._http.ask("GET", "/routes")
        return answer

    def list_settings(self) -> types.ListSettingsAnswer:
        """Every setting of the server with its value and where that came from, in the order of docs/user/settings.md; they are changed on its machine. (Access: admin.)"""
        answer: types.ListSettingsAnswer = self._http.ask("GET", "/settings")
        return answer

    def list_canvases(
        self, *, cursor: str | None = None, limit: int | None = None
    ) -> types.ListCanvasesAnswer:
        """Canvases of the workspace that the caller may see, by name. (Access: signed in.)"""
        answer: types.ListCanvasesAnswer = self._http.ask(
            "GET", "/canvases", query={"cursor": cursor, "limit": limit}
        )
        return answer

    def create_canvas(
        self, body: types.NewCanvas, *, idempotency_key: str | None = None
    ) -> types.CanvasSummary:
        """Made. (Access: editor.)"""
        answer: types.CanvasSummary = self._http.ask(
            "POST", "/canvases", body=body, headers={"Idempotency-Key": idempotency_key or new_key()}
        )
        return answer

    def get_canvas(self, canvas: str) -> types.CanvasSnapshot:
        """The canvas as it is now. (Access: viewer.)"""
        answer: types.CanvasSnapshot = self._http.ask("GET", f"/canvases/{quoted(canvas)}")
        return answer

    def rename_canvas(self, canvas: str, body: types.RenameCanvasBody) -> types.CanvasSummary:
        """Renamed; the folder keeps its name. (Access: editor.)"""
        answer: types.CanvasSummary = self._http.ask("PATCH", f"/canvases/{quoted(canvas)}", body=body)
        return answer

    def delete_canvas(self, canvas: str) -> types.DeleteCanvasAnswer:
        """In the trash; `restoreCanvas` brings it back. (Access: owner.)"""
        answer: types.DeleteCanvasAnswer = self._http.ask("DELETE", f"/canvases/{quoted(canvas)}")
        return answer

    def export_canvas(self, canvas: str) -> bytes:
        """A .zip of its folder: canvas.yaml, blocks and files. Results, a Git repository and links are left out; `Easel-Left-Out` counts the links. (Access: viewer.)"""
        return self._http.load("GET", f"/canvases/{quoted(canvas)}/export")

    def duplicate_canvas(self, canvas: str, *, idempotency_key: str | None = None) -> types.CanvasSummary:
        """The copy: blocks and files; results are not copied. (Access: editor.)"""
        answer: types.CanvasSummary = self._http.ask(
            "POST",
            f"/canvases/{quoted(canvas)}/duplicate",
            headers={"Idempotency-Key": idempotency_key or new_key()},
        )
        return answer

    def begin_import(
        self, body: types.BeginImportBody, *, idempotency_key: str | None = None
    ) -> types.Import:
        """A .zip of a canvas, or a Jupyter notebook: its content says which. Send its pieces, of 8 MiB for example, one after the other. (Access: editor.)"""
        answer: types.Import = self._http.ask(
            "POST", "/imports", body=body, headers={"Idempotency-Key": idempotency_key or new_key()}
        )
        return answer

    def get_import(self, import_: str) -> types.Import:
        """How far it is: go on from `offset`, also after the server was started again. Known for a week. (Access: editor.)"""
        answer: types.Import = self._http.ask("GET", f"/imports/{quoted(import_)}")
        return answer

    def send_import_piece(self, import_: str, data: bytes, *, offset: int) -> types.Import:
        """Written. With the last piece the canvas is made, and `done` is true. (Access: editor.)"""
        answer: types.Import = self._http.ask(
            "PUT", f"/imports/{quoted(import_)}", data=data, query={"offset": offset}
        )
        return answer

    def drop_import(self, import_: str) -> None:
        """Forgotten; a canvas that was made stays. (Access: editor.)"""
        self._http.send("DELETE", f"/imports/{quoted(import_)}")

    def list_trash(self) -> types.ListTrashAnswer:
        """Deleted canvases, newest first. (Access: owner.)"""
        answer: types.ListTrashAnswer = self._http.ask("GET", "/trash")
        return answer

    def empty_trash(self) -> types.EmptyTrashAnswer:
        """All of it is removed for good. (Access: owner.)"""
        answer: types.EmptyTrashAnswer = self._http.ask("DELETE", "/trash")
        return answer

    def forget_canvas(self, trash: str) -> None:
        """Removed for good. (Access: owner.)"""
        self._http.send("DELETE", f"/trash/{quoted(trash)}")

    def restore_canvas(self, trash: str) -> types.CanvasSummary:
        """Back. (Access: signed in.)"""
        answer: types.CanvasSummary = self._http.ask("POST", f"/trash/{quoted(trash)}/restore")
        return answer

    def list_operations(
        self, canvas: str, *, after: int | None = None, limit: int | None = None
    ) -> types.ListOperationsAnswer:
        """In order. (Access: viewer.)"""
        answer: types.ListOperationsAnswer = self._http.ask(
            "GET", f"/canvases/{quoted(canvas)}/operations", query={"after": after, "limit": limit}
        )
        return answer

    def change_canvas(self, canvas: str, body: types.ChangeCanvasBody) -> types.Operation:
        """Made, saved in the folder and broadcast. The same token again gives the same answer. (Access: editor.)"""
        answer: types.Operation = self._http.ask("POST", f"/canvases/{quoted(canvas)}/operations", body=body)
        return answer

    def plan_run(self, canvas: str, body: types.RunRequest) -> types.PlanRunAnswer:
        """What a run would do. (Access: viewer.)"""
        answer: types.PlanRunAnswer = self._http.ask("POST", f"/canvases/{quoted(canvas)}/plan", body=body)
        return answer

    def list_runs(
        self, canvas: str, *, cursor: str | None = None, limit: int | None = None
    ) -> types.ListRunsAnswer:
        """Newest first. (Access: viewer.)"""
        answer: types.ListRunsAnswer = self._http.ask(
            "GET", f"/canvases/{quoted(canvas)}/runs", query={"cursor": cursor, "limit": limit}
        )
        return answer

    def start_run(
        self, canvas: str, body: types.RunRequest, *, idempotency_key: str | None = None
    ) -> types.Run:
        """Started, or `preparing`: environments are made first. Its events come by WebSocket. (Access: runner.)"""
        answer: types.Run = self._http.ask(
            "POST",
            f"/canvases/{quoted(canvas)}/runs",
            body=body,
            headers={"Idempotency-Key": idempotency_key or new_key()},
        )
        return answer

    def cancel_run(self, canvas: str, run: str, body: types.CancelRunBody | None = None) -> dict[str, Any]:
        """Being cancelled. (Access: runner.)"""
        answer: dict[str, Any] = self._http.ask(
            "POST", f"/canvases/{quoted(canvas)}/runs/{quoted(run)}/cancel", body=body
        )
        return answer

    def get_state(self, canvas: str, block: str) -> types.State:
        """The variables of its state. (Access: viewer.)"""
        answer: types.State = self._http.ask(
            "GET", f"/canvases/{quoted(canvas)}/blocks/{quoted(block)}/state"
        )
        return answer

    def get_outputs(self, canvas: str, block: str, *, attempt: str | None = None) -> types.Outputs:
        """What an attempt showed, as events; long text is cut at its front. (Access: viewer.)"""
        answer: types.Outputs = self._http.ask(
            "GET", f"/canvases/{quoted(canvas)}/blocks/{quoted(block)}/outputs", query={"attempt": attempt}
        )
        return answer

    def get_log(
        self,
        canvas: str,
        block: str,
        *,
        attempt: str | None = None,
        from_: int | None = None,
        limit: int | None = None,
        search: str | None = None,
    ) -> types.LogPage:
        """Lines. (Access: viewer.)"""
        answer: types.LogPage = self._http.ask(
            "GET",
            f"/canvases/{quoted(canvas)}/blocks/{quoted(block)}/log",
            query={"attempt": attempt, "from": from_, "limit": limit, "search": search},
        )
        return answer

    def list_attempts(
        self, canvas: str, block: str, *, cursor: str | None = None, limit: int | None = None
    ) -> types.ListAttemptsAnswer:
        """Newest first. (Access: viewer.)"""
        answer: types.ListAttemptsAnswer = self._http.ask(
            "GET",
            f"/canvases/{quoted(canvas)}/blocks/{quoted(block)}/attempts",
            query={"cursor": cursor, "limit": limit},
        )
        return answer

    def list_revisions(
        self, canvas: str, block: str, *, cursor: str | None = None, limit: int | None = None
    ) -> types.ListRevisionsAnswer:
        """Every text that the block had, newest first; quick edits in a row are one. (Access: viewer.)"""
        answer: types.ListRevisionsAnswer = self._http.ask(
            "GET",
            f"/canvases/{quoted(canvas)}/blocks/{quoted(block)}/revisions",
            query={"cursor": cursor, "limit": limit},
        )
        return answer

    def get_revision(self, canvas: str, block: str, revision: int) -> types.GetRevisionAnswer:
        """With its text. (Access: viewer.)"""
        answer: types.GetRevisionAnswer = self._http.ask(
            "GET", f"/canvases/{quoted(canvas)}/blocks/{quoted(block)}/revisions/{quoted(revision)}"
        )
        return answer

    def get_table(self, canvas: str, block: str, variable: str, *, attempt: str | None = None) -> types.Table:
        """What the table is. Later questions name its attempt. (Access: viewer.)"""
        answer: types.Table = self._http.ask(
            "GET",
            f"/canvases/{quoted(canvas)}/blocks/{quoted(block)}/tables/{quoted(variable)}",
            query={"attempt": attempt},
        )
        return answer

    def get_table_rows(
        self, canvas: str, block: str, variable: str, body: types.TableQuery
    ) -> types.TablePage | types.TableWork:
        """A page. (Access: viewer.)"""
        answer: types.TablePage | types.TableWork = self._http.ask(
            "POST",
            f"/canvases/{quoted(canvas)}/blocks/{quoted(block)}/tables/{quoted(variable)}/rows",
            body=body,
        )
        return answer

    def get_table_summary(
        self, canvas: str, block: str, variable: str, body: types.TableQuery
    ) -> types.TableSummary | types.TableWork:
        """What `column` holds in the rows that the query selects. (Access: viewer.)"""
        answer: types.TableSummary | types.TableWork = self._http.ask(
            "POST",
            f"/canvases/{quoted(canvas)}/blocks/{quoted(block)}/tables/{quoted(variable)}/summary",
            body=body,
        )
        return answer

    def get_table_cells(
        self, canvas: str, block: str, variable: str, body: types.TableQuery
    ) -> types.TableCells | types.TableWork:
        """Count, sum and mean of a rectangle of at most a million cells. (Access: viewer.)"""
        answer: types.TableCells | types.TableWork = self._http.ask(
            "POST",
            f"/canvases/{quoted(canvas)}/blocks/{quoted(block)}/tables/{quoted(variable)}/cells",
            body=body,
        )
        return answer

    def export_table(
        self,
        canvas: str,
        block: str,
        variable: str,
        *,
        format: Literal["csv", "parquet"] | None = None,
        attempt: str | None = None,
        query: str | None = None,
    ) -> bytes:
        """RFC 4180, UTF-8, with a header line, missing values empty; or Parquet: types are kept, categories are written as their values, nested values as text. (Access: viewer.)"""
        return self._http.load(
            "GET",
            f"/canvases/{quoted(canvas)}/blocks/{quoted(block)}/tables/{quoted(variable)}/export",
            query={"format": format, "attempt": attempt, "query": query},
        )

    def stop_table_work(self, canvas: str, block: str, variable: str, work: str) -> None:
        """Being stopped, or over already. (Access: viewer.)"""
        self._http.send(
            "DELETE",
            f"/canvases/{quoted(canvas)}/blocks/{quoted(block)}/tables/{quoted(variable)}/work/{quoted(work)}",
        )

    def list_files(
        self, canvas: str, *, path: str | None = None, cursor: str | None = None, limit: int | None = None
    ) -> types.ListFilesAnswer:
        """Folders first, then by name. (Access: viewer.)"""
        answer: types.ListFilesAnswer = self._http.ask(
            "GET", f"/canvases/{quoted(canvas)}/files", query={"path": path, "cursor": cursor, "limit": limit}
        )
        return answer

    def rename_file(self, canvas: str, body: types.RenameFileBody) -> types.FilePath:
        """Moved; nothing is ever replaced. (Access: editor.)"""
        answer: types.FilePath = self._http.ask("PATCH", f"/canvases/{quoted(canvas)}/files", body=body)
        return answer

    def delete_file(self, canvas: str, *, path: str) -> types.DeleteFileAnswer:
        """In the trash of the canvas; `restoreFile` brings it back. (Access: editor.)"""
        answer: types.DeleteFileAnswer = self._http.ask(
            "DELETE", f"/canvases/{quoted(canvas)}/files", query={"path": path}
        )
        return answer

    def download_file(
        self, canvas: str, *, path: str, download: bool | None = None, range: str | None = None
    ) -> bytes:
        """All of it. (Access: viewer.)"""
        return self._http.load(
            "GET",
            f"/canvases/{quoted(canvas)}/files/content",
            query={"path": path, "download": download},
            headers={"Range": range},
        )

    def link_file(self, canvas: str, *, path: str) -> types.FileLink:
        """Where the file is downloaded from; a secret until it ends. (Access: viewer.)"""
        answer: types.FileLink = self._http.ask(
            "GET", f"/canvases/{quoted(canvas)}/files/link", query={"path": path}
        )
        return answer

    def preview_file(self, canvas: str, *, path: str) -> types.PreviewFileAnswer:
        """What can be shown of it: the first 64 KiB of a text; an image is loaded as its content. (Access: viewer.)"""
        answer: types.PreviewFileAnswer = self._http.ask(
            "GET", f"/canvases/{quoted(canvas)}/files/preview", query={"path": path}
        )
        return answer

    def create_folder(self, canvas: str, body: types.FilePath) -> types.FilePath:
        """Made, with those above it; or it was there. (Access: editor.)"""
        answer: types.FilePath = self._http.ask(
            "POST", f"/canvases/{quoted(canvas)}/files/folders", body=body
        )
        return answer

    def restore_file(self, canvas: str, body: types.RestoreFileBody) -> types.FilePath:
        """Back where it was. (Access: editor.)"""
        answer: types.FilePath = self._http.ask(
            "POST", f"/canvases/{quoted(canvas)}/files/restore", body=body
        )
        return answer

    def begin_upload(self, canvas: str, body: types.BeginUploadBody) -> types.Upload:
        """Send its pieces, of 8 MiB for example, one after the other. One that is left alone for a week goes; a direct one after 12 hours. (Access: editor.)"""
        answer: types.Upload = self._http.ask("POST", f"/canvases/{quoted(canvas)}/uploads", body=body)
        return answer

    def get_upload(self, canvas: str, upload: str) -> types.Upload:
        """How far it is: go on from `offset`, also after the server was started again. (Access: editor.)"""
        answer: types.Upload = self._http.ask("GET", f"/canvases/{quoted(canvas)}/uploads/{quoted(upload)}")
        return answer

    def send_piece(
        self,
        canvas: str,
        upload: str,
        data: bytes,
        *,
        offset: int | None = None,
        content_range: str | None = None,
    ) -> types.Upload:
        """Written. With the last piece the file is in its place, and `done` is true; a direct upload has all its bytes and waits for `finishUpload`. (Access: editor.)"""
        answer: types.Upload = self._http.ask(
            "PUT",
            f"/canvases/{quoted(canvas)}/uploads/{quoted(upload)}",
            data=data,
            query={"offset": offset},
            headers={"Content-Range": content_range},
        )
        return answer

    def drop_upload(self, canvas: str, upload: str) -> None:
        """Forgotten. (Access: editor.)"""
        self._http.send("DELETE", f"/canvases/{quoted(canvas)}/uploads/{quoted(upload)}")

    def finish_upload(
        self, canvas: str, upload: str, body: types.FinishUploadBody | None = None
    ) -> types.Upload:
        """The size and the checksum are right, and the file is in its place: `done`. (Access: editor.)"""
        answer: types.Upload = self._http.ask(
            "POST", f"/canvases/{quoted(canvas)}/uploads/{quoted(upload)}/finish", body=body
        )
        return answer
