"""The figures of a comparison: medians, tables, ratios."""

from statistics import median

from .digits import percent, rounded

MEDIANS = ("wall", "cpu", "memory", "postgres_cpu", "broker_cpu")
MISSED = ("wrong", "missing")


def summary(results: dict) -> list[dict]:
    """One entry for each contender: the medians of its rounds, and the worst of what it got wrong."""
    names = list(dict.fromkeys(run["name"] for run in results["runs"]))
    return [_merged([run for run in results["runs"] if run["name"] == name]) for name in names]


def _merged(runs: list[dict]) -> dict:
    merged = dict(runs[0])
    merged |= {name: median(run[name] for run in runs) for name in MEDIANS}
    merged["walls"] = sorted(run["wall"] for run in runs)
    merged["cpus"] = sorted(run["cpu"] for run in runs)
    if runs[0]["right"] is not None:
        merged |= {name: max(run[name] for run in runs) for name in MISSED}
        merged["right"] = min(run["right"] for run in runs)
    merged["trouble"] = next((run["trouble"] for run in runs if run["trouble"]), "")
    done = merged["wall"] > 0 and not merged["trouble"]  # otherwise these two would say nothing, and are 0
    merged["rate"] = merged["events"] / merged["wall"] if done else 0.0
    merged["cost"] = merged["cpu"] / merged["events"] if done else 0.0
    return merged


def base(entries: list[dict]) -> dict | None:
    """What the others are compared with: Tributary with one worker."""
    return next((entry for entry in entries if entry["kind"] == "tributary"), None)


def failures(results: dict) -> list[str]:
    """What must not be: a run that did not come to its end, a row of ours that is not right."""
    found = [f"{run['name']}: {run['trouble']}" for run in [*results["runs"], *results["written"]] if run["trouble"]]
    ours = [run for run in results["runs"] if run["kind"] == "tributary" and run["right"] is not None]
    return found + [f"{run['name']}: rows are not right" for run in ours if run["wrong"] or run["missing"]]


# --- lines and tables --------- ----------------------------------------------------------------------------------------


def said(run: dict) -> str:
    """One line while it goes on."""
    words = [
        f"{run['wall']:.1f} s",
        f"{rounded(run['events'] / run['wall']) if run['wall'] else 0} events/s",
        f"{run['cpu'] / run['events'] * 1e6:.2f} us CPU an event",
        f"{run['memory'] / 1e6:.0f} MB",
    ]
    if run["right"] is not None:
        words.append(f"{run['right']:,} rows right, {run['wrong']:,} wrong, {run['missing']:,} missing")
    return ", ".join(words) + (f"; {run['trouble']}" if run["trouble"] else "")


def _span(values: list[float]) -> str:
    low, high = rounded(values[0]), rounded(values[-1])
    return low if low == high else f"{low} to {high}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """In Markdown, its columns in line."""
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    lines = [head, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])], *rows]
    padded = ([_pad(cell, n, widths[n]) for n, cell in enumerate(line)] for line in lines)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in padded)


def _pad(cell: str, column: int, width: int) -> str:
    return cell.rjust(width) if column else cell.ljust(width)


# --- what the tables say ---------------------------------------------------------------------------------------------

READING = "consumer, discarding"
HEAD = ["", "wall, s", "events/s", "of the limit", "CPU, s", "CPU an event, µs", "of Tributary's", "peak memory, MB"]
HEAD += ["Postgres CPU, s", "broker CPU, s", "rows right", "wrong", "missing"]


def engines(results: dict) -> str:
    entries = summary(results)
    reading = next((entry["rate"] for entry in entries if entry["name"] == READING), 0.0)
    ours = base(entries)
    return table(HEAD, [_engine(entry, reading, ours["cost"] if ours else 0.0) for entry in entries])


def _engine(entry: dict, reading: float, cost: float) -> list[str]:
    """`reading` events a second are what the limit is, `cost` is Tributary's; 0 where it was not measured."""
    cells = [entry["name"] + (" †" if entry["trouble"] else ""), _span(entry["walls"]), _or_dash(entry["rate"])]
    cells += [percent(entry["rate"] / reading) if reading and entry["rate"] else "–"]
    cells += [_span(entry["cpus"]), _or_dash(entry["cost"] * 1e6)]
    cells += [f"{rounded(entry['cost'] / cost)} ×" if cost and entry["cost"] else "–"]
    cells += [f"{entry['memory'] / 1e6:,.0f}", rounded(entry["postgres_cpu"]), rounded(entry["broker_cpu"])]
    return cells + ["–" if entry[name] is None else f"{entry[name]:,}" for name in ("right", "wrong", "missing")]


def _or_dash(value: float) -> str:
    return rounded(value) if value else "–"


def writing(results: dict) -> str:
    rows = [
        [
            entry["name"] + (" †" if entry["trouble"] else ""),
            rounded(entry["rate"]),
            rounded(entry["cpu"] * 1e6),
            rounded(entry["postgres_cpu"] * 1e6),
        ]
        for entry in results["written"]
    ]
    return table(["", "rows/s", "client CPU a row, µs", "Postgres CPU a row, µs"], rows)


def tables(results: dict) -> str:
    parts = [engines(results)] if results["runs"] else []
    parts += ["\n".join(ratios(results))]
    parts += [writing(results)] if results["written"] else []
    parts += [f"not right: {failure}" for failure in failures(results)]
    return "\n\n".join(part for part in parts if part)


def ratios(results: dict) -> list[str]:
    """What Tributary is beside the limits, and what the others are beside it."""
    entries = summary(results)
    ours = base(entries)
    by_name = {entry["name"]: entry for entry in entries}
    lines = []
    if not ours or not ours["cost"] or not ours["rate"]:
        return lines
    if parsing := by_name.get("consumer, parsing"):
        times = rounded(ours["cost"] / parsing["cost"])
        lines.append(f"- {ours['name']}: {times} times the processor time of the consumer that parses.")
    if reading := by_name.get(READING):
        share = percent(ours["rate"] / reading["rate"])
        lines.append(f"- {ours['name']}: {share} of the events/s of the consumer that discards.")
    for entry in entries:
        if entry["kind"] == "engine" and entry["cost"] and entry["rate"]:
            lines.append(_beside(entry, ours))
    return lines


def _beside(entry: dict, ours: dict) -> str:
    cost, memory, rate = (entry[name] / ours[name] for name in ("cost", "memory", "rate"))
    return (
        f"- {entry['name']}: {rounded(cost)} times the processor time of {ours['name']}, {rounded(memory)} times its "
        f"memory, {percent(rate)} of its events/s."
    )
