"""What one test has: its topics, its database, its pipeline; and the checks that every test ends with."""

from collections import Counter

from database import Database
from events import Event
from kafka import Kafka, Record
from oracle import CREDITS, ROLES, SHARING, Oracle, Settings, Tally, differences, rekey, rekey_time
from pipeline import Pipeline, Process, eventually
from rekeyed import check_copies, check_markers

# Of these two only the sum is determined: how early a touch expires depends on when a commit happened.
# Of a touch beyond the cap as well: too old comes first.
KEPT = {"touch_kept": "touch", "touch_too_old": "touch", "capped": "touch"}
ROW_OUTCOMES = {"attributed", "unattributed", "touch"}


class Case:
    def __init__(self, kafka: Kafka, database: Database, pipeline: Pipeline):
        self.kafka, self.database, self.pipeline = kafka, database, pipeline
        self.topics = pipeline.topics
        self.tally = Tally()  # of the last check

    def create_topics(self, partitions: int = 4) -> None:
        for topic in self.topics.values():
            self.kafka.create(topic, partitions)

    def send(self, *events: Event) -> None:
        self.kafka.send(self.topics, events)

    def append_without_key(self) -> None:
        """The table takes every row, so that one written twice is there twice."""
        self.pipeline.output["write"] = "append"
        self.pipeline.output.pop("primary_key", None)
        table = self.pipeline.output["table"]
        self.database.execute(f"alter table {table} drop constraint attributed_checkouts_pkey")

    def share_out(self, model: str, **options) -> None:
        """Another model, with columns for what it says of a row; the table's key has the touch's number."""
        for name, value in {"model": model, "credit_of": "total_amount", **options}.items():
            self.pipeline.change(f"attribute.{name}", value)
        self.pipeline.output["columns"] += [
            {name: f"attribution.{'touch_count' if name == 'touches' else name}"} for name in CREDITS
        ]
        table = self.pipeline.output["table"]
        self.database.execute(
            f"""alter table {table} drop constraint attributed_checkouts_pkey, add touch_number int, add touches int,
                    add credit numeric, add amount numeric;
                alter table {table} add constraint attributed_checkouts_pkey primary key (checkout_id, touch_number)"""
        )
        if model in SHARING:
            self.pipeline.output["primary_key"] = ["checkout_id", "touch_number"]
        else:
            self.database.execute(f"create unique index on {table} (checkout_id)")

    def rekey(self, partitions: int = 3, **settings) -> None:
        """The producers set no key: both inputs are re-keyed by the user, into another number of partitions than the
        producers write to."""
        self.pipeline.change("defaults.repartition", {"by": "user_id", "partitions": partitions, **settings})
        self.pipeline.change("defaults.partitioned_by", None)

    # --- running

    def start(self, *arguments: str) -> Process:
        return self.pipeline.start(*arguments)

    def finish(self, *arguments: str) -> Process:
        """Reads everything there is, makes every conversion final, and ends; the exit code must be 0."""
        process = self.pipeline.run("--once", "--close", *arguments)
        assert process.exit_code == 0, process.log[-3000:]
        return process

    def settle(self, *arguments: str, duplicates: bool = False) -> Process:
        """finish, then every check."""
        process = self.finish(*arguments)
        self.check(duplicates=duplicates)
        return process

    # --- looking

    def records(self, role: str) -> list[Record]:
        """What the producers wrote."""
        return self.kafka.read(self.topics[role])

    def log(self, role: str) -> list[Record]:
        """What the join reads: that, or of a re-keyed input what Tributary made of it."""
        return self.kafka.read(self.pipeline.log_topic(role))

    def rows(self) -> dict[str, dict]:
        return {row["checkout_id"]: row for row in self.database.rows()}

    def row(self, checkout: Event) -> dict:
        return self.rows()[checkout.fields["checkout_id"]]

    def clicks_of(self, *checkouts: Event) -> list[str | None]:
        rows = self.rows()
        return [rows[c.fields["checkout_id"]]["click_id"] for c in checkouts]

    def ledger(self) -> Counter:
        """Outcomes over both ledgers of all partitions, (role, outcome) -> count."""
        total = Counter()
        for progress in self.database.progress():
            for role in ROLES.values():
                for outcome, count in progress[f"{role}_ledger"].items():
                    total[role, outcome] += count
        return total

    def dead_letters(self) -> list[Record]:
        return self.kafka.read(self.pipeline.dead_letters)

    def reasons(self) -> list[str]:
        """Why each dead letter is one, by topic, partition and offset of its source."""
        letters = {r.key.decode(): r.headers["reason"] for r in self.dead_letters()}
        return [reason for _, reason in sorted(letters.items())]

    # --- checking against the oracle

    def oracle(self) -> Oracle:
        oracle = Oracle(self.database, Settings.of(self.pipeline), self.log("clicks"), self.log("checkouts"))
        self.load_advances()
        return oracle

    def load_advances(self) -> None:
        """Where a watermark was raised by idleness or by --close, as the run that did so stored it."""
        self.database.execute("truncate oracle.advance")
        if self.database.exists("tributary.idle_advances"):
            for role, input in (("touch", "clicks"), ("conversion", "checkouts")):
                self.database.execute(
                    "insert into oracle.advance select %s, partition, next_offset, watermark_us "
                    "from tributary.idle_advances where pipeline = %s and input = %s",
                    role,
                    self.pipeline.name,
                    input,
                )

    def check(self, *, closed: bool = True, duplicates: bool = False) -> None:
        """The table, the ledger and the dead letters against the oracle. closed: every conversion was made final;
        duplicates: the program may have written a dead letter twice, since it was killed."""
        oracle = self.oracle()
        oracle.judge(closed)
        wanted, found = oracle.rows(), self.database.rows()
        self.tally = Tally.of(wanted, found)
        wrong = differences(wanted, found)
        assert not wrong, "\n".join([f"{len(wrong)} differences:", *wrong[:20]])
        outcomes = oracle.outcomes()
        self.check_ledger(outcomes, complete=closed)
        self.check_dead_letters(oracle, outcomes, duplicates)
        if closed:
            self.check_rekeyed()

    def check_sources(self) -> None:
        """The table against the plain window join over what the producers wrote, as if it lay in one partition in a
        good order. Needs events that keep their bound, and no checkout twice."""
        settings = Settings.of(self.pipeline)
        oracle = Oracle.of_sources(self.database, settings, self.records("clicks"), self.records("checkouts"))
        oracle.judge(closed=True)
        wrong = differences(oracle.rows(), self.database.rows())
        assert not wrong, "\n".join([f"{len(wrong)} differences to the sources:", *wrong[:20]])

    def check_rekeyed(self) -> None:
        """What was copied under another key is complete, and as the producers wrote it."""
        settings = Settings.of(self.pipeline)
        for role in self.pipeline.rekeyed:
            sources, log = self.records(role), self.log(role)
            by, partitions = (self.pipeline.repartition(role)[name] for name in ("by", "partitions"))
            check_copies(sources, log, partitions, lambda r: rekey(r, settings, by))
            check_markers(sources, log, lambda r: rekey_time(r, settings, by))

    def check_ledger(self, outcomes, complete: bool) -> None:
        """Per partition, the ledger counts exactly the records before the committed offset, each once."""
        progress = {row["partition"]: row for row in self.database.progress()}
        wanted = {(role, partition): Counter() for partition in progress for role in ROLES.values()}
        for role, partition, offset, outcome, released in outcomes:
            before = partition in progress and offset < progress[partition][f"{role}_offset"]
            if complete or role == "conversion" and released:
                assert before, f"{role} {partition}-{offset} ({outcome}) is not passed: {progress.get(partition)}"
            if before:
                wanted[role, partition][outcome] += 1
        for (role, partition), counts in wanted.items():
            found = Counter()
            for outcome, count in progress[partition][f"{role}_ledger"].items():
                found[KEPT.get(outcome, outcome)] += count
            assert +found == +counts, f"the ledger of {role} {partition}"

    def check_dead_letters(self, oracle, outcomes, duplicates: bool) -> None:
        """Each record that ended as one is in the topic with its bytes, its reason and where it came from."""
        progress = {row["partition"]: row for row in self.database.progress()}
        topics = {role: self.topics[name] for name, role in ROLES.items()}
        wanted = {}
        for role, partition, offset, outcome, released in outcomes:
            passed = partition in progress and offset < progress[partition][f"{role}_offset"]
            if outcome not in ROW_OUTCOMES and passed and released:
                source = "-".join(map(str, oracle.sources[role, partition, offset]))
                wanted[f"{topics[role]}-{source}"] = outcome
        letters = [record for record in self.dead_letters() if "redriven" not in record.headers]  # those are notes
        found = {letter.key.decode(): letter for letter in letters}
        assert {place: letter.headers["reason"] for place, letter in found.items()} == wanted
        if not duplicates:
            assert len(letters) == len(found), "a dead letter was written twice"
        sources = {
            f"{topics[role]}-{r.partition}-{r.offset}": r
            for name, role in ROLES.items()
            for r in (self.records(name) if wanted else [])
        }
        for place, letter in found.items():
            source = sources[place]
            assert (letter.value or b"") == (source.value or b""), place
            topic, partition, offset = place.rsplit("-", 2)
            headers = letter.headers
            assert (headers["topic"], headers["partition"], headers["offset"]) == (topic, partition, offset)
            assert headers["pipeline"] == self.pipeline.name and headers["detail"], place
            assert headers["timestamp"] == str(source.timestamp_ms), place

    def await_released(self, what: str = "every final conversion in the table", timeout: float = 30) -> None:
        """Waits until a live run has written all that is final by what is in the topics, then checks."""
        oracle = self.oracle()

        def done():
            nonlocal oracle
            if self.pipeline.rekeyed:  # its records are still being copied
                oracle = self.oracle()
            self.load_advances()
            oracle.judge(closed=False)
            return not differences(oracle.rows(), self.database.rows())

        eventually(done, what, timeout)

    def await_rows(self, count: int, timeout: float = 30) -> None:
        sql = "select count(*) from commerce.attributed_checkouts"
        eventually(lambda: self.database.query(sql)[0][0] >= count, f"{count} rows", timeout)
