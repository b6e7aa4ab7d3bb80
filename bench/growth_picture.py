"""Draws a report of bench/growth."""

import json
from pathlib import Path

BLUE, ORANGE = "#0b6e99", "#c8641e"


def lines(axis, points: list[dict], by: str, label: str, **named: tuple[str, float]) -> None:
    """One line for each name; what it takes is (field, unit)."""
    for (title, (field, unit)), colour in zip(named.items(), (BLUE, ORANGE)):
        axis.plot(
            [p[by] for p in points],
            [p[field] / unit for p in points],
            color=colour,
            marker="o",
            markersize=3,
            linewidth=1.2,
            label=title.replace("_", " "),
        )
    axis.set_xscale("log", base=10 if by != "partitions" else 2)
    axis.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    axis.set_xlabel({"touches": "clicks held", "partitions": "partitions of each topic"}[by], fontsize=8)
    axis.set_ylabel(label, fontsize=8)
    axis.set_ylim(bottom=0)
    axis.tick_params(labelsize=7)
    axis.legend(fontsize=7)
    axis.grid(alpha=0.3)


def draw(report: Path, file: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "growth"
    from matplotlib import pyplot

    figures = {name: section["figures"] for name, section in json.loads(report.read_text()).items()}
    figure, axes = pyplot.subplots(2, 2, figsize=(9, 6))
    store, partitions = figures["store"], figures["partitions"]
    lines(
        axes[0][0], store, "touches", "µs of CPU", keep_and_expire_one=("turnover_ns", 1e3), look_one_up=("hit_ns", 1e3)
    )
    lines(axes[0][1], store, "touches", "bytes a click", resident_memory=("resident_bytes", 1))
    lines(axes[1][0], partitions, "partitions", "µs of CPU an event", reading_a_backlog=("backlog_us_per_event", 1))
    rate = partitions[0]["rate"]
    lines(axes[1][1], partitions, "partitions", f"MB; % of a processor at {rate:,} events/s",
          idle_memory=("idle_mb", 1), processor=("steady_cpu_share", 0.01))  # fmt: skip
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
