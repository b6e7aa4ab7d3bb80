"""The picture of a comparison: what each handles in a second, and what it takes."""

from pathlib import Path

from .digits import rounded

COLOURS = {"limit": "#7d888e", "tributary": "#0b6e99", "engine": "#d9822b"}
PANELS = [  # title, value of an entry
    ("events per second", lambda entry: entry["rate"]),
    ("processor time per event, µs", lambda entry: entry["cost"] * 1e6),
    ("peak memory, MB", lambda entry: entry["memory"] / 1e6),
]


def draw(entries: list[dict], file: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "benchmarks"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(PANELS), sharey=True, figsize=(11, 1.2 + 0.35 * len(entries)))
    for axis, (title, value) in zip(axes, PANELS):
        _panel(axis, title, entries, [value(entry) for entry in entries])
    axes[0].set_yticks(range(len(entries)), [entry["name"] for entry in entries])
    axes[0].set_ylim(len(entries) - 0.5, -0.5)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)


def _panel(axis, title: str, entries: list[dict], values: list[float]) -> None:
    """Points: bars would need a zero, which no logarithm has."""
    for row, (entry, value) in enumerate(zip(entries, values)):
        if value > 0:
            axis.plot(value, row, "o", color=COLOURS[entry["kind"]], markersize=7)
            axis.annotate(rounded(value), (value, row), (8, 0), textcoords="offset points", va="center", fontsize=8)
    known = [value for value in values if value > 0] or [1.0]
    axis.set_xscale("log")
    axis.set_xlim(min(known) / 3, max(known) * 8)  # room for the labels
    axis.set_title(title + " (log scale)", fontsize=9)
    axis.tick_params(labelsize=8)
    axis.grid(alpha=0.3)
