"""What the executor asks of a zygote, and what is hidden when it does not say."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field

# Covered besides the options' `hide`: through these sockets anyone who may connect commands the machine.
_CONTROL_SOCKETS = (
    "/run/docker.sock",
    "/run/containerd",
    "/run/podman",
    "/run/crio",
    "/run/systemd/private",
    "/run/dbus",
    "/run/snapd.socket",
    "/run/libvirt",
)
_CREDENTIALS = (
    ".ssh",
    ".aws",
    ".azure",
    ".config/gcloud",
    ".config/gh",
    ".config/git/credentials",
    ".kube",
    ".gnupg",
    ".docker",
    ".netrc",
    ".pypirc",
    ".git-credentials",
    ".npmrc",
    ".pgpass",
    ".my.cnf",
    ".vault-token",
    ".password-store",
    ".local/share/keyrings",
    ".mozilla",
    ".config/google-chrome",
    ".config/chromium",
    ".boto",
    ".s3cfg",
    ".cargo/credentials.toml",
    ".config/rclone",
    ".databrickscfg",
    ".terraform.d",
)


@dataclass
class Options:
    """What the executor asks for, from the environment variable EASEL_ZYGOTE.

    `slots`, in mode `strict`: the first user id of the machine that is the zygote's, and how many; one is its own, the
    others are for one worker each.
    """

    mode: str = "local"
    preload: list[str] = field(default_factory=list)
    network: bool = True
    home: str = ""
    hide: list[str] | None = None
    shim: str = ""
    seccomp: str = ""
    single: bool = False
    slots: tuple[int, int] = (0, 0)

    @classmethod
    def parse(cls, text: str) -> Options:
        """Read the JSON object; unknown keys are ignored.

        Errors: ValueError for what is not an object of this shape.
        """
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("EASEL_ZYGOTE has to be a JSON object")
        known = {name: values[name] for name in cls.__dataclass_fields__ if values.get(name) is not None}
        options = cls(**known)
        if options.mode not in ("local", "strict", "pod", "none"):
            raise ValueError(
                f"unknown isolation mode {options.mode!r}; there are local, strict, pod and none"
            )
        options.slots = (int(options.slots[0]), int(options.slots[1]))
        if options.mode == "strict":
            options.home = "/home"  # each canvas has its own there
        return options

    def hidden(self) -> list[str]:
        """Return the paths to cover: the given ones, or this user's usual credential folders, and control sockets."""
        if self.hide is not None:
            return [*self.hide, *_CONTROL_SOCKETS]
        user = os.path.expanduser("~")
        return [
            *(os.path.join(user, name) for name in _CREDENTIALS),
            f"/run/user/{os.getuid()}",
            *_CONTROL_SOCKETS,
        ]
