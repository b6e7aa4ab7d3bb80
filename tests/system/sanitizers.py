"""What address, thread and undefined-behaviour sanitizers report about any process that a test starts, in builds that
have them. The reports go to files of their own, so that neither a kill nor an expected exit code can hide one; only
gcc's undefined-behaviour sanitizer writes to standard error whatever it is told, and ends the process at once."""

import os
import tempfile
from pathlib import Path

SUPPRESSIONS = Path(__file__).resolve().parents[1] / "tsan.supp"
EXIT_CODE = 66  # of a process that reported something
OPTIONS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:handle_abort=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": f"suppressions={SUPPRESSIONS}:print_suppressions=0:second_deadlock_stack=1",
}


class Sanitizers:
    """One for the whole session: the environment of all processes names its folder."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="tributary-sanitizers-")
        for name, options in OPTIONS.items():
            own = os.environ.get(name)
            common = f"exitcode={EXIT_CODE}:log_path={self.folder.name}/report"
            os.environ[name] = ":".join([options, common, *([own] if own else [])])

    def take_reports(self) -> list[str]:
        """The reports since the last call, by process."""
        files = sorted(Path(self.folder.name).iterdir())
        reports = [file.read_text(errors="replace") for file in files]
        for file in files:
            file.unlink()
        return reports
