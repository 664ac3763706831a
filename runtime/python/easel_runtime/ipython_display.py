"""What blocks get for `from IPython.display import …` when IPython is not installed: the classes people use.

Imported only then (`ipython_shim`). Each class carries data, or reads it from a file or an address, and
answers to the `_repr_*_` methods that `display` asks for.
"""

from __future__ import annotations

import base64
import html
import io
import json
import mimetypes
import os
import struct
import wave
from typing import Any
from urllib.parse import urlencode

from .display import DisplayHandle, clear_output, display, publish_display_data, update_display

__all__ = [
    "HTML",
    "JSON",
    "SVG",
    "Audio",
    "Code",
    "DisplayHandle",
    "DisplayObject",
    "IFrame",
    "Image",
    "Javascript",
    "Latex",
    "Markdown",
    "Math",
    "Pretty",
    "TextDisplayObject",
    "Video",
    "YouTubeVideo",
    "clear_output",
    "display",
    "publish_display_data",
    "update_display",
]


def _read(address: str) -> bytes:
    from urllib.request import urlopen

    with urlopen(address) as response:
        content: bytes = response.read()
    return content


class DisplayObject:
    """Data to be shown, given as such, by file name or by address."""

    binary = False

    def __init__(
        self, data: Any = None, url: Any = None, filename: Any = None, metadata: dict[str, Any] | None = None
    ) -> None:
        if isinstance(data, os.PathLike):
            data, filename = None, data
        self.data = data
        self.url = None if url is None else str(url)
        self.filename = None if filename is None else os.fspath(filename)
        self.metadata = metadata or {}
        self.reload()

    def reload(self) -> None:
        """Read the data again from where it comes."""
        content: bytes | None = None
        if self.filename is not None:
            with open(self.filename, "rb") as file:
                content = file.read()
        elif self.url is not None and self.data is None:
            content = _read(self.url)
        if content is not None:
            self.data = content if self.binary else content.decode("utf-8")

    def _with_metadata(self, value: Any) -> Any:
        return (value, self.metadata) if self.metadata else value

    def __repr__(self) -> str:
        return f"<IPython.core.display.{type(self).__name__} object>"


class TextDisplayObject(DisplayObject):
    """Data that is text."""


class Pretty(TextDisplayObject):
    def __repr__(self) -> str:
        return str(self.data)


class HTML(TextDisplayObject):
    def _repr_html_(self) -> Any:
        return self._with_metadata(self.data)

    def __html__(self) -> Any:
        return self.data


class Markdown(TextDisplayObject):
    def _repr_markdown_(self) -> Any:
        return self._with_metadata(self.data)


class Latex(TextDisplayObject):
    def _repr_latex_(self) -> Any:
        return self._with_metadata(self.data)


class Math(TextDisplayObject):
    def _repr_latex_(self) -> Any:
        return self._with_metadata("$\\displaystyle " + str(self.data).strip("$") + "$")


class SVG(DisplayObject):
    def _repr_svg_(self) -> Any:
        return self._with_metadata(self.data.decode("utf-8") if isinstance(self.data, bytes) else self.data)


class JSON(DisplayObject):
    def __init__(
        self,
        data: Any = None,
        url: Any = None,
        filename: Any = None,
        expanded: bool = False,
        metadata: dict[str, Any] | None = None,
        root: str = "root",
        **more: Any,
    ) -> None:
        super().__init__(
            data, url, filename, {"expanded": expanded, "root": root, **(metadata or {}), **more}
        )

    def _repr_json_(self) -> Any:
        data = json.loads(self.data) if isinstance(self.data, str) else self.data
        return data, self.metadata


class Javascript(TextDisplayObject):
    def __init__(
        self, data: Any = None, url: Any = None, filename: Any = None, lib: Any = None, css: Any = None
    ) -> None:
        self.lib = [lib] if isinstance(lib, str) else list(lib or [])
        self.css = [css] if isinstance(css, str) else list(css or [])
        super().__init__(data, url, filename)

    def _repr_javascript_(self) -> str:
        return str(self.data)


class Code(TextDisplayObject):
    def __init__(
        self, data: Any = None, url: Any = None, filename: Any = None, language: str | None = None
    ) -> None:
        self.language = language
        super().__init__(data, url, filename)

    def _repr_html_(self) -> str:
        return f"<pre><code>{html.escape(str(self.data))}</code></pre>"

    def __repr__(self) -> str:
        return str(self.data)


def _image_mime(content: bytes) -> str | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return None


class Image(DisplayObject):
    binary = True

    def __init__(
        self,
        data: Any = None,
        url: Any = None,
        filename: Any = None,
        format: str | None = None,
        embed: bool | None = None,
        width: int | None = None,
        height: int | None = None,
        retina: bool = False,
        unconfined: bool = False,
        metadata: dict[str, Any] | None = None,
        alt: str | None = None,
    ) -> None:
        if isinstance(data, str):
            if data.startswith(("http://", "https://")):
                data, url = None, data
            else:
                data, filename = None, data
        self.embed = embed if embed is not None else url is None
        self.format = format
        self.width, self.height, self.alt = width, height, alt
        if url is not None and not self.embed:
            self.data, self.url, self.filename, self.metadata = None, str(url), None, metadata or {}
        else:
            super().__init__(data, url, filename, metadata)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        size = {
            name: value
            for name, value in (("width", self.width), ("height", self.height))
            if value is not None
        }
        if not self.embed:
            attributes = "".join(f' {name}="{value}"' for name, value in size.items())
            described = f' alt="{html.escape(self.alt, quote=True)}"' if self.alt else ""
            return {
                "text/html": f'<img src="{html.escape(str(self.url), quote=True)}"{attributes}{described}/>'
            }
        if not isinstance(self.data, (bytes, bytearray)):
            raise ValueError("Image needs data (bytes), a file name or an address")
        mime = (
            _image_mime(bytes(self.data[:16]))
            or f"image/{(self.format or 'png').lower().replace('jpg', 'jpeg')}"
        )
        return {mime: base64.b64encode(self.data).decode("ascii")}, {mime: {**size, **self.metadata}}


def _data_address(content: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}"


class Audio(DisplayObject):
    binary = True

    def __init__(
        self,
        data: Any = None,
        filename: Any = None,
        url: Any = None,
        embed: bool | None = None,
        rate: int | None = None,
        autoplay: bool = False,
        normalize: bool = True,
        **_more: Any,
    ) -> None:
        self.autoplay = autoplay
        self.mimetype = "audio/wav"
        if isinstance(data, str):
            data, url, filename = (None, data, filename) if "://" in data else (None, url, data)
        if data is not None and not isinstance(data, (bytes, bytearray)):
            if rate is None:
                raise ValueError("rate must be specified when data is a sequence of samples")
            data = _wave(data, rate, normalize)
        named = filename if filename is not None else url
        if named is not None:
            self.mimetype = mimetypes.guess_type(str(named))[0] or "audio/wav"
        if url is not None and not embed:
            self.data, self.url, self.filename, self.metadata = None, str(url), None, {}
        else:
            super().__init__(data, url, filename)

    def _repr_html_(self) -> str:
        source = _data_address(bytes(self.data), self.mimetype) if self.data is not None else str(self.url)
        autoplay = " autoplay" if self.autoplay else ""
        address = html.escape(source, quote=True)
        return f'<audio controls{autoplay}><source src="{address}" type="{self.mimetype}"/></audio>'


def _wave(samples: Any, rate: int, normalize: bool) -> bytes:
    rows = samples.tolist() if hasattr(samples, "tolist") else list(samples)
    channels = [list(channel) for channel in rows] if rows and isinstance(rows[0], (list, tuple)) else [rows]
    peak = max((abs(value) for channel in channels for value in channel), default=0)
    if not normalize and peak > 1:
        raise ValueError("Audio data must be between -1 and 1 when normalize=False.")
    scale = 32767 / (peak or 1) if normalize else 32767
    values = [int(value * scale) for frame in zip(*channels, strict=False) for value in frame]
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setnchannels(len(channels))
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(struct.pack(f"<{len(values)}h", *values))
    return out.getvalue()


class Video(DisplayObject):
    binary = True

    def __init__(
        self,
        data: Any = None,
        url: Any = None,
        filename: Any = None,
        embed: bool = False,
        mimetype: str | None = None,
        width: int | None = None,
        height: int | None = None,
        html_attributes: str = "controls",
    ) -> None:
        if isinstance(data, str):
            data, url, filename = (None, data, filename) if "://" in data else (None, url, data)
        named = filename if filename is not None else url
        self.mimetype = mimetype or mimetypes.guess_type(str(named))[0] or "video/mp4"
        self.width, self.height, self.html_attributes = width, height, html_attributes
        if url is not None and not embed:
            self.data, self.url, self.filename, self.metadata = None, str(url), None, {}
        else:
            super().__init__(data, url, filename)

    def _repr_html_(self) -> str:
        source = _data_address(bytes(self.data), self.mimetype) if self.data is not None else str(self.url)
        size = "".join(
            f' {name}="{value}"'
            for name, value in (("width", self.width), ("height", self.height))
            if value is not None
        )
        return f'<video src="{html.escape(source, quote=True)}" {self.html_attributes}{size}></video>'


class IFrame:
    def __init__(self, src: Any, width: Any, height: Any, extras: Any = None, **parameters: Any) -> None:
        self.src, self.width, self.height = str(src), width, height
        self.extras = list(extras or [])
        self.params = parameters

    def _repr_html_(self) -> str:
        source = self.src + ("?" + urlencode(self.params) if self.params else "")
        return (
            f'<iframe width="{self.width}" height="{self.height}" src="{html.escape(source, quote=True)}" '
            f'frameborder="0" allowfullscreen {" ".join(self.extras)}></iframe>'
        )


class YouTubeVideo(IFrame):
    def __init__(self, id: str, width: int = 400, height: int = 300, **parameters: Any) -> None:
        super().__init__(f"https://www.youtube.com/embed/{id}", width, height, **parameters)
