"""How single libraries are shown: matplotlib, plotly, altair, frames and tables.

Asks `sys.modules` only. A library of another version than expected falls back to its ordinary repr.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import sys
import weakref
from collections.abc import Callable
from typing import Any

from . import tables

PREVIEW_ROWS = 1000
PREVIEW_COLUMNS = 50
TABLE_MIME = "application/vnd.easel.table+arrow"

Display = Callable[..., Any]

_shown: weakref.WeakSet[Any] = weakref.WeakSet()


def bundle(obj: Any) -> dict[str, Any] | None:
    """The MIME bundle of an object of a library known here; None for all others."""
    make = _maker(obj)
    return make(obj) if make is not None else None


def knows(obj: Any) -> bool:
    """Whether `bundle` has an answer for `obj`."""
    return _maker(obj) is not None


def _maker(obj: Any) -> Callable[[Any], dict[str, Any]] | None:
    if tables.is_table(obj):
        return _table
    if tables.library_class(obj, "matplotlib.figure", "Figure"):
        return _figure
    if tables.library_class(obj, "plotly.basedatatypes", "BaseFigure"):
        return _plotly
    if (
        type(obj).__module__.split(".")[0] == "altair"
        and hasattr(type(obj), "to_dict")
        and (hasattr(type(obj), "_repr_mimebundle_"))
    ):
        return _altair
    return None


def _figure(figure: Any) -> dict[str, Any]:
    count = len(figure.axes)
    made = {"text/plain": f"<Figure size {figure.bbox.width:g}x{figure.bbox.height:g} with {count} Axes>"}
    # An empty figure is left behind by plt.close and plt.figure alike; a blank picture would tell nothing.
    if figure.get_children() != [figure.patch]:
        made["image/png"] = base64.b64encode(figure_png(figure)).decode("ascii")
    return made


def _table(obj: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"text/plain": _table_text(obj)}
    if tables.library_class(obj, "pandas", "Series"):
        # Sixty rows are what a frame shows; a series is cut before it becomes one.
        frame = obj.to_frame()
        made["text/html"] = frame._repr_html_()
    elif hasattr(obj, "_repr_html_"):
        made["text/html"] = obj._repr_html_()
    elif tables.library_class(obj, "pyarrow", "Table") or tables.library_class(obj, "pyarrow", "RecordBatch"):
        made["text/html"] = tables.html_preview(obj)
    preview = tables.arrow_preview(obj, PREVIEW_ROWS, PREVIEW_COLUMNS)
    if preview is not None:
        made[TABLE_MIME] = base64.b64encode(preview).decode("ascii")
    return made


def _table_text(obj: Any) -> str:
    text = repr(obj)
    return text if len(text) <= 100_000 else text[:100_000] + "\n…"


def figure_png(figure: Any) -> bytes:
    """The figure as PNG, cut to what is drawn."""
    out = io.BytesIO()
    figure.savefig(out, format="png", bbox_inches="tight", dpi=figure.dpi, facecolor=figure.get_facecolor())
    return out.getvalue()


def _plotly(figure: Any) -> dict[str, Any]:
    spec = json.loads(figure.to_json())
    kinds = [str(trace.get("type", "scatter")) for trace in spec.get("data", [])]
    names = ", ".join(sorted(set(kinds)))
    return {
        "application/vnd.plotly.v1+json": spec,
        "text/plain": f"<plotly Figure: {len(kinds)} trace{'' if len(kinds) == 1 else 's'}"
        f"{f' ({names})' if names else ''}>",
    }


def _altair(chart: Any) -> dict[str, Any]:
    spec = chart.to_dict()
    found = re.search(r"/(vega(?:-lite)?)/v(\d+)", str(spec.get("$schema", "")))
    library, version = (found[1].replace("-", ""), found[2]) if found else ("vegalite", "5")
    return {
        f"application/vnd.{library}.v{version}+json": spec,
        "text/plain": f"<altair {type(chart).__name__}>",
    }


def note_shown(obj: Any) -> None:
    """Remember a figure that was shown on its own, so that the end of the block does not show it again."""
    if tables.library_class(obj, "matplotlib.figure", "Figure"):
        _shown.add(obj)


def flush_figures(display: Display) -> None:
    """Show the open pyplot figures that were not shown, in their order; close all."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    pyplot = sys.modules.get("matplotlib.pyplot")
    if helpers is None or pyplot is None:
        return
    try:
        for manager in helpers.Gcf.get_all_fig_managers():
            figure = manager.canvas.figure
            if figure not in _shown:
                display(figure)
    finally:
        pyplot.close("all")
        _shown.clear()


def adapt(
    when_imported: Callable[[str, Callable[[Any], None]], None], display: Display, flush: Callable[[], None]
) -> None:
    """Register what to change in libraries once they are imported."""

    def adapt_matplotlib(module: Any) -> None:
        if not os.environ.get("MPLBACKEND"):
            dict.__setitem__(module.rcParams, "backend", "agg")

    def adapt_pyplot(module: Any) -> None:
        def show(*_arguments: Any, **_named: Any) -> None:
            """Show the open figures in the block's output."""
            flush()

        def show_figure(figure: Any, warn: bool = True) -> None:
            """Show this figure in the block's output."""
            display(figure)

        module.show = show
        module.Figure.show = show_figure

    def adapt_plotly(module: Any) -> None:
        def show(figure: Any, *_arguments: Any, **_named: Any) -> None:
            """Show this figure in the block's output."""
            display(figure)

        module.BaseFigure.show = show

    def adapt_altair(module: Any) -> None:
        def show(chart: Any, *_arguments: Any, **_named: Any) -> None:
            """Show this chart in the block's output."""
            display(chart)

        module.TopLevelMixin.show = show
        module.TopLevelMixin.display = show

    def adapt_tqdm(module: Any) -> None:
        # There are no widgets to talk to; the text bar shows the same.
        from tqdm import std  # type: ignore[import-untyped, unused-ignore]

        module.tqdm_notebook = module.tqdm = std.tqdm
        module.tnrange = module.trange = std.trange

    when_imported("matplotlib", adapt_matplotlib)
    when_imported("matplotlib.pyplot", adapt_pyplot)
    when_imported("plotly.basedatatypes", adapt_plotly)
    when_imported("altair.vegalite.v5.api", adapt_altair)
    when_imported("altair.vegalite.v6.api", adapt_altair)
    when_imported("tqdm.notebook", adapt_tqdm)
